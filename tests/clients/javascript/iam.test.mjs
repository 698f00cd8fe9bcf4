// IAM as the JavaScript SDK sees it: the same calls, a second independent reading of the answers (sts.md, 13).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as iam from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import { dev, startDemo } from "../demo.mjs";

let demo;
let client;

before(async () => {
  demo = await startDemo();
  // Nothing of this machine's own AWS set-up may take part.
  Object.assign(process.env, {
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL_STS: demo.url,
    AWS_ENDPOINT_URL_IAM: demo.url,
  });
  client = iamOf(demo.root);
});
after(() => demo?.stop());

const iamOf = (credentials) => new iam.IAMClient({ credentials, maxAttempts: 1 });
const stsOf = (credentials) => new STSClient({ credentials, maxAttempts: 1 });

/** `ask("GetUser", { UserName })`, with the root key unless another client is given. */
const ask = (name, input = {}, by = client) => by.send(new iam[`${name}Command`](input));

/** The SDK's own error, by name, status and message. */
async function refusal(promise) {
  const error = await promise.then(() => assert.fail("it was granted"), (error) => error);
  return [error.$metadata?.httpStatusCode, error.name, error.message];
}

const document = (...Statement) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (Action, Resource = "*") => ({ Effect: "Allow", Action, Resource });
const trust = (AWS) => document({ Effect: "Allow", Principal: { AWS }, Action: "sts:AssumeRole" });

test("a user is made, read, renamed and deleted", async () => {
  const Tags = [{ Key: "Team", Value: "eng" }, { Key: "empty", Value: "" }];
  const { User } = await ask("CreateUser", { UserName: "js-ali", Path: "/js/", Tags });
  assert.equal(User.Arn, `arn:aws:iam::${dev}:user/js/js-ali`);
  assert.ok(User.CreateDate instanceof Date);
  assert.deepEqual((await ask("GetUser", { UserName: "js-ali" })).User, User);
  await ask("UpdateUser", { UserName: "js-ali", NewUserName: "js-ali2" });
  assert.equal((await ask("GetUser", { UserName: "js-ali2" })).User.UserId, User.UserId);
  await ask("DeleteUser", { UserName: "js-ali2" });
  const gone = await ask("GetUser", { UserName: "js-ali2" }).catch((error) => error);
  assert.ok(gone instanceof iam.NoSuchEntityException);
  assert.equal(gone.message, "The user with name js-ali2 cannot be found.");
  assert.equal(gone.$metadata.httpStatusCode, 404);
});

test("a new key takes a new role at once", async () => {
  await ask("CreateUser", { UserName: "js-taker" });
  const { AccessKey } = await ask("CreateAccessKey", { UserName: "js-taker" });
  const keys = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
  assert.equal((await stsOf(keys).send(new GetCallerIdentityCommand({}))).Arn, `arn:aws:iam::${dev}:user/js-taker`);
  const AssumeRolePolicyDocument = trust(`arn:aws:iam::${dev}:user/js-taker`);
  const { Role } = await ask("CreateRole", { RoleName: "js-taken", AssumeRolePolicyDocument });
  // This SDK leaves documents as they come: percent-encoded.
  assert.equal(decodeURIComponent(Role.AssumeRolePolicyDocument), AssumeRolePolicyDocument);
  const taken = await stsOf(keys).send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "js" }));
  assert.equal(taken.AssumedRoleUser.Arn, `arn:aws:sts::${dev}:assumed-role/js-taken/js`);
});

test("policies are attached, put, read and taken away", async () => {
  const text = document(allow("s3:GetObject", "arn:aws:s3:::b/*"));
  await ask("CreateRole", { RoleName: "js-policies", AssumeRolePolicyDocument: trust(dev) });
  const { Policy } = await ask("CreatePolicy", { PolicyName: "js-policy", PolicyDocument: text });
  assert.equal(Policy.AttachmentCount, 0);
  await ask("AttachRolePolicy", { RoleName: "js-policies", PolicyArn: Policy.Arn });
  await ask("PutRolePolicy", { RoleName: "js-policies", PolicyName: "inline", PolicyDocument: text });
  const attached = await ask("ListAttachedRolePolicies", { RoleName: "js-policies" });
  assert.deepEqual(attached.AttachedPolicies, [{ PolicyArn: Policy.Arn, PolicyName: "js-policy" }]);
  const inline = await ask("GetRolePolicy", { RoleName: "js-policies", PolicyName: "inline" });
  assert.equal(decodeURIComponent(inline.PolicyDocument), text);
  const { PolicyVersion } = await ask("GetPolicyVersion", { PolicyArn: Policy.Arn, VersionId: "v1" });
  assert.equal(decodeURIComponent(PolicyVersion.Document), text);
  assert.equal(PolicyVersion.IsDefaultVersion, true);
  const conflict = await ask("DeleteRole", { RoleName: "js-policies" }).catch((error) => error);
  assert.ok(conflict instanceof iam.DeleteConflictException);
  await ask("DetachRolePolicy", { RoleName: "js-policies", PolicyArn: Policy.Arn });
  await ask("DeleteRolePolicy", { RoleName: "js-policies", PolicyName: "inline" });
  await ask("DeleteRole", { RoleName: "js-policies" });
  await ask("DeletePolicy", { PolicyArn: Policy.Arn });
});

test("groups hold users", async () => {
  await ask("CreateGroup", { GroupName: "js-group" });
  await ask("CreateUser", { UserName: "js-member" });
  await ask("AddUserToGroup", { GroupName: "js-group", UserName: "js-member" });
  const { Group, Users } = await ask("GetGroup", { GroupName: "js-group" });
  assert.equal(Group.GroupName, "js-group");
  assert.deepEqual(Users.map((user) => user.UserName), ["js-member"]);
});

test("an OIDC provider is made and read", async () => {
  const made = await ask("CreateOpenIDConnectProvider", { Url: "https://js.example/x", ClientIDList: ["a", "b"] });
  const read = await ask("GetOpenIDConnectProvider", made);
  assert.deepEqual([read.Url, read.ClientIDList, read.ThumbprintList], ["js.example/x", ["a", "b"], []]);
});

test("the paginator reads every page", async () => {
  for (let number = 0; number < 5; number++) await ask("CreateUser", { UserName: `js-page-${number}`, Path: "/js-pages/" });
  const pages = [];
  for await (const page of iam.paginateListUsers({ client, pageSize: 2 }, { PathPrefix: "/js-pages/" })) {
    pages.push(page.Users.map((user) => user.UserName));
  }
  assert.deepEqual(pages, [["js-page-0", "js-page-1"], ["js-page-2", "js-page-3"], ["js-page-4"]]);
});

test("the waiters end when the thing is there", async () => {
  await ask("CreateUser", { UserName: "js-awaited" });
  const { state } = await iam.waitUntilUserExists({ client, maxWaitTime: 5 }, { UserName: "js-awaited" });
  assert.equal(state, "SUCCESS");
});

test("errors have the SDK's own classes", async () => {
  await ask("CreateUser", { UserName: "js-errors" });
  const refused = async (name, input) => (await refusal(ask(name, input))).slice(0, 2);
  assert.deepEqual(await refused("CreateUser", { UserName: "JS-errors" }), [409, "EntityAlreadyExistsException"]);
  assert.deepEqual(await refused("CreatePolicy", { PolicyName: "js-bad", PolicyDocument: "{" }), [400, "MalformedPolicyDocumentException"]);
  assert.deepEqual(await refused("GetRole", { RoleName: "js-missing" }), [404, "NoSuchEntityException"]);
  // Not in the model: the code itself is the name.
  assert.deepEqual(await refused("CreateUser", { UserName: "a b" }), [400, "ValidationError"]);
  for (let number = 0; number < 2; number++) await ask("CreateAccessKey", { UserName: "js-errors" });
  assert.deepEqual(await refusal(ask("CreateAccessKey", { UserName: "js-errors" })), [
    409,
    "LimitExceededException",
    "Cannot exceed quota for AccessKeysPerUser: 2",
  ]);
});

test("who may not hears which permission is missing", async () => {
  await ask("CreateUser", { UserName: "js-nobody" });
  const { AccessKey } = await ask("CreateAccessKey", { UserName: "js-nobody" });
  const nobody = iamOf({ accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey });
  assert.deepEqual(await refusal(ask("DeleteUser", { UserName: "js-nobody" }, nobody)), [
    403,
    "AccessDenied",
    `User: arn:aws:iam::${dev}:user/js-nobody is not authorized to perform: iam:DeleteUser on resource: ` +
      `arn:aws:iam::${dev}:user/js-nobody because no identity-based policy allows the iam:DeleteUser action`,
  ]);
});

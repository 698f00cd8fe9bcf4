// The JavaScript SDK, a second independent implementation of every door (clients.md, 3).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { CreateRoleCommand, CreateSAMLProviderCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  AssumeRoleWithSAMLCommand,
  AssumeRoleWithWebIdentityCommand,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { fromHttp, fromProcess, fromTokenFile } from "@aws-sdk/credential-providers";

import { deploy, dev, scratch, startDemo } from "../demo.mjs";

const sessionPrefix = `arn:aws:sts::${dev}:assumed-role/Deploy/`;
let demo;

before(async () => {
  demo = await startDemo();
  // Nothing of this machine's own AWS set-up may take part.
  Object.assign(process.env, {
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL_STS: demo.url,
  });
});
after(() => demo?.stop());

const sts = (credentials) => new STSClient({ credentials, maxAttempts: 1 });
const whoAmI = (credentials) => sts(credentials).send(new GetCallerIdentityCommand({}));

/** The SDK's own error, by name, status and message. */
async function refusal(promise) {
  const error = await promise.then(() => assert.fail("it was granted"), (error) => error);
  return [error.$metadata?.httpStatusCode, error.name, error.message];
}

test("a root key is told its account", async () => {
  const answer = await whoAmI(demo.root);
  assert.equal(answer.Arn, `arn:aws:iam::${dev}:root`);
  assert.equal(answer.Account, dev);
});

test("AssumeRoleWithWebIdentity gives credentials that work, and the account", async () => {
  const WebIdentityToken = await demo.ciToken();
  const answer = await sts().send(new AssumeRoleWithWebIdentityCommand({ RoleArn: deploy, RoleSessionName: "js", WebIdentityToken }));
  assert.equal(answer.AssumedRoleUser.Arn, sessionPrefix + "js");
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials;
  const identity = await whoAmI({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken });
  assert.equal(identity.Arn, answer.AssumedRoleUser.Arn);
});

test("AssumeRoleWithSAML gives credentials that work", async () => {
  const folder = scratch();
  const idp = (...words) => execFileSync("python3", ["../python/saml_idp.py", ...words], { cwd: import.meta.dirname, encoding: "utf8" });
  const iam = new IAMClient({ credentials: demo.root, endpoint: demo.url, maxAttempts: 1 });
  const metadata = { Name: "JavaScript", SAMLMetadataDocument: idp("metadata", folder) };
  const PrincipalArn = (await iam.send(new CreateSAMLProviderCommand(metadata))).SAMLProviderArn;
  const statement = { Effect: "Allow", Principal: { Federated: PrincipalArn }, Action: "sts:AssumeRoleWithSAML" };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  const role = { RoleName: "BySaml", AssumeRolePolicyDocument };
  const RoleArn = (await iam.send(new CreateRoleCommand(role))).Role.Arn;
  const SAMLAssertion = idp("assertion", folder, RoleArn, PrincipalArn).trim();
  const answer = await sts().send(new AssumeRoleWithSAMLCommand({ RoleArn, PrincipalArn, SAMLAssertion }));
  assert.equal(answer.Subject, "ann");
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials;
  const identity = await whoAmI({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken });
  assert.equal(identity.Arn, answer.AssumedRoleUser.Arn);
  const other = { RoleArn: `${RoleArn}s`, PrincipalArn, SAMLAssertion };
  assert.deepEqual(await refusal(sts().send(new AssumeRoleWithSAMLCommand(other))), [
    400,
    "InvalidIdentityTokenException",
    "SAML Assertion doesn't contain the requested Role and Metadata in the attributes",
  ]);
});

test("fromTokenFile takes a token file that ends in a newline", async () => {
  const webIdentityTokenFile = join(scratch(), "token");
  writeFileSync(webIdentityTokenFile, (await demo.ciToken()) + "\n");
  const provider = fromTokenFile({ roleArn: deploy, webIdentityTokenFile, clientConfig: { endpoint: demo.url } });
  const credentials = await provider();
  assert.equal(credentials.accountId, dev);
  assert.ok((await whoAmI(credentials)).Arn.startsWith(sessionPrefix + "aws-sdk-js-session-"));
});

test("fromHttp takes credentials from the container form of /v1/creds", async () => {
  const credentials = await fromHttp({
    awsContainerCredentialsFullUri: `${demo.url}/v1/creds/deploy?format=container`,
    awsContainerAuthorizationToken: `Bearer ${await demo.ciToken()}`,
  })();
  assert.ok(credentials.expiration > new Date());
  assert.ok((await whoAmI(credentials)).Arn.startsWith(sessionPrefix));
});

test("fromHttp re-reads a rotating token file and sends it without Bearer", async () => {
  const awsContainerAuthorizationTokenFile = join(scratch(), "token");
  const provider = fromHttp({
    awsContainerCredentialsFullUri: `${demo.url}/v1/creds/deploy?format=container`,
    awsContainerAuthorizationTokenFile,
    maxRetries: 0,
  });
  writeFileSync(awsContainerAuthorizationTokenFile, "not-yet-a-token");
  await assert.rejects(provider());
  writeFileSync(awsContainerAuthorizationTokenFile, await demo.ciToken());
  assert.ok((await whoAmI(await provider())).Arn.startsWith(sessionPrefix));
});

test("fromProcess takes credentials from the process form of /v1/creds", async () => {
  const folder = scratch();
  const bearer = await demo.ciToken();
  const helper = join(folder, "helper");
  writeFileSync(helper, `#!/bin/sh\nexec curl -fsS -H 'Authorization: Bearer ${bearer}' '${demo.url}/v1/creds/deploy?format=process'\n`, { mode: 0o700 });
  writeFileSync(join(folder, "config"), `[profile ci]\ncredential_process = ${helper}\n`);
  const credentials = await fromProcess({ profile: "ci", configFilepath: join(folder, "config"), filepath: "/dev/null" })();
  assert.equal(credentials.accountId, dev);
  assert.ok((await whoAmI(credentials)).Arn.startsWith(sessionPrefix));
});

test("GetAccessKeyInfo tells the account of a key", async () => {
  const answer = await sts(demo.root).send(new GetAccessKeyInfoCommand({ AccessKeyId: "ASIAQNZGKIQY56JQ7WML" }));
  assert.equal(answer.Account, "029608264753");
});

test("another branch is AccessDenied in the SDK's own words", async () => {
  const WebIdentityToken = await demo.ciToken("refs/heads/feature");
  const call = sts().send(new AssumeRoleWithWebIdentityCommand({ RoleArn: deploy, RoleSessionName: "js", WebIdentityToken }));
  assert.deepEqual(await refusal(call), [403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"]);
});

test("a token for somebody else is the SDK's InvalidIdentityTokenException", async () => {
  const WebIdentityToken = await demo.ciToken(undefined, { audience: "https://somebody.example" });
  const call = sts().send(new AssumeRoleWithWebIdentityCommand({ RoleArn: deploy, RoleSessionName: "js", WebIdentityToken }));
  assert.deepEqual(await refusal(call), [400, "InvalidIdentityTokenException", "Incorrect token audience"]);
});

test("a wrong secret is SignatureDoesNotMatch", async () => {
  const [status, name] = await refusal(whoAmI({ ...demo.root, secretAccessKey: "wrong" }));
  assert.deepEqual([status, name], [403, "SignatureDoesNotMatch"]);
});

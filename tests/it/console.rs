//! The embedded console's pages about IAM: they show what the session may see, say what it lacks, and change nothing
//! that the API would not.

use std::sync::LazyLock;

use serde_json::json;

use crate::harness::browser::{Browser, field};
use crate::harness::http::{Reply, form};
use crate::harness::iam::{allow, document, trust};
use crate::harness::saml::metadata;
use crate::harness::{Broker, DEV, PROD};

static DEMO: LazyLock<Broker> = LazyLock::new(|| {
    let demo = Broker::demo();
    let nobody = trust(
        json!({ "AWS": format!("arn:aws:iam::{DEV}:root") }),
        json!({}),
    );
    // Who may look at everything, who at nothing, and who at roles but not at their policies.
    demo.role(DEV, "Auditor", &nobody);
    let look = ["iam:Get*", "iam:List*"];
    demo.role_policy(DEV, "Auditor", &allow(&look, &["*"]));
    demo.role(DEV, "Blind", &nobody);
    demo.role(DEV, "Glimpse", &nobody);
    let glimpse = ["iam:GetRole", "iam:GetUser", "iam:GetPolicy"];
    demo.role_policy(DEV, "Glimpse", &allow(&glimpse, &["*"]));
    demo.role(DEV, "Administrator", &nobody);
    demo.role_policy(DEV, "Administrator", &allow(&["*"], &["*"]));
    demo.role(DEV, "Maker", &nobody);
    demo.role_policy(DEV, "Maker", &allow(&["iam:CreateRole"], &["*"]));
    let open = document(json!([
        { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" },
        { "Sid": "NotBob", "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole",
          "Condition": { "StringEquals": { "aws:username": "bob" } } },
    ]));
    demo.role_with(DEV, "Open", &open, |role| {
        role.description = "<b>bold</b>".to_owned();
        role.tags = vec![("team".to_owned(), "</dd><script>".to_owned())];
    });
    demo.role_policy(
        DEV,
        "Open",
        &document(json!([
            { "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
              "Condition": { "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } } },
            { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/secret/*" },
        ])),
    );
    demo.user(DEV, "carol", Some(&allow(&["s3:ListBucket"], &["*"])));
    demo.managed_policy(DEV, "Readers", &allow(&["s3:GetObject"], &["*"]));
    demo.managed_policy(PROD, "Elsewhere", &allow(&["s3:GetObject"], &["*"]));
    let root = demo.root(DEV).clone();
    let readers = format!("arn:aws:iam::{DEV}:policy/Readers");
    demo.iam_ok(&root, "CreateGroup", &[("GroupName", "Staff")]);
    let member = [("GroupName", "Staff"), ("UserName", "carol")];
    demo.iam_ok(&root, "AddUserToGroup", &member);
    let attached = [("GroupName", "Staff"), ("PolicyArn", readers.as_str())];
    demo.iam_ok(&root, "AttachGroupPolicy", &attached);
    let bounded = [("UserName", "carol"), ("PermissionsBoundary", &readers)];
    demo.iam_ok(&root, "PutUserPermissionsBoundary", &bounded);
    let second = allow(&["s3:ListBucket"], &["*"]);
    let version = [("PolicyArn", readers.as_str()), ("PolicyDocument", &second)];
    demo.iam_ok(&root, "CreatePolicyVersion", &version);
    let metadata = metadata("https://idp.fabrikam.example");
    let saml = [("Name", "fabrikam"), ("SAMLMetadataDocument", &metadata)];
    demo.iam_ok(&root, "CreateSAMLProvider", &saml);
    let fabrikam = format!("arn:aws:iam::{DEV}:saml-provider/fabrikam");
    let by_saml = json!({ "StringEquals": { "saml:aud": "https://signin.aws.amazon.com/saml" } });
    demo.role(
        DEV,
        "Archivist",
        &trust(json!({ "Federated": fabrikam }), by_saml),
    );
    demo
});

/// A browser with a console of this role of dev.
#[track_caller]
fn console(broker: &Broker, role: &str) -> Browser {
    console_in(broker, DEV, role)
}

fn console_in(broker: &Broker, account: &str, role: &str) -> Browser {
    let session = broker.session_of(&format!("arn:aws:iam::{account}:role/{role}"), |_| {});
    let json = json!({
        "sessionId": session.access_key_id,
        "sessionKey": session.secret_access_key.expose(),
        "sessionToken": session.session_token.unwrap().expose(),
    });
    let fields = [("Action", "getSigninToken"), ("Session", &json.to_string())];
    let reply = broker.get(&format!("/federation?{}", form(&fields))).send();
    let token = reply.json()["SigninToken"].as_str().unwrap().to_owned();
    let mut browser = Browser::new();
    let fields = [("Action", "login"), ("SigninToken", token.as_str())];
    let landed = browser.get(&broker.absolute(&format!("/federation?{}", form(&fields))));
    assert_eq!(landed.status, 303, "{}", landed.text());
    browser
}

#[track_caller]
fn look(role: &str, path: &str) -> Reply {
    console(&DEMO, role).get(&DEMO.absolute(path))
}

/// A page with its tags taken out and its white space made single.
fn words(page: &Reply) -> String {
    let text = page.text();
    let (_, main) = text.split_once("<main").unwrap();
    let mut plain = String::new();
    let mut within = true;
    for letter in main.chars() {
        match letter {
            '<' => within = true,
            '>' => {
                within = false;
                plain.push(' ');
            }
            _ if !within => plain.push(letter),
            _ => {}
        }
    }
    let plain = plain
        .replace("&#38;", "&")
        .replace("&#39;", "'")
        .replace("&#34;", "\"");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(page: &Reply, text: &str) {
    let plain = words(page);
    assert!(plain.contains(text), "no \"{text}\" in {plain}");
}

const SAML: &str = "/console/provider?arn=arn:aws:iam::111111111111:saml-provider/fabrikam";

const PAGES: [&str; 13] = [
    "/console/roles",
    "/console/roles/Deploy",
    "/console/users",
    "/console/users/carol",
    "/console/policies",
    "/console/policy?arn=arn:aws:iam::111111111111:policy/Readers",
    "/console/providers",
    "/console/provider?arn=arn:aws:iam::111111111111:oidc-provider/x",
    "/console/groups",
    "/console/groups/Staff",
    SAML,
    "/console/roles/new",
    "/console/sessions",
];

#[test]
fn without_a_console_session_no_page_shows_anything() {
    let mut portal = Browser::new();
    portal.sign_in(&DEMO, "ann");
    for path in PAGES {
        for browser in [&mut Browser::new(), &mut portal] {
            let page = browser.get(&DEMO.absolute(path));
            assert_eq!(page.status, 403, "{path}");
            says(&page, "This console has no credentials");
            assert!(!page.text().contains("arn:aws"), "{path}");
        }
    }
}

#[test]
fn a_page_that_is_not_allowed_names_the_action_that_is_missing() {
    let lacking = [
        ("/console/roles", "iam:ListRoles", "role/"),
        ("/console/roles/Deploy", "iam:GetRole", "role/Deploy"),
        ("/console/roles/nobody", "iam:GetRole", "role/nobody"),
        ("/console/users", "iam:ListUsers", "user/"),
        ("/console/users/carol", "iam:GetUser", "user/carol"),
        ("/console/users/nobody", "iam:GetUser", "user/nobody"),
        ("/console/policies", "iam:ListPolicies", "policy/"),
        (PAGES[5], "iam:GetPolicy", "policy/Readers"),
        (
            "/console/providers",
            "iam:ListOpenIDConnectProviders",
            "oidc-provider/*",
        ),
        (PAGES[7], "iam:GetOpenIDConnectProvider", "oidc-provider/x"),
    ];
    for (path, action, resource) in lacking {
        let page = look("Blind", path);
        assert_eq!(page.status, 403, "{path}");
        says(&page, "Not for this session");
        says(
            &page,
            &format!(
                "Missing action {action} On arn:aws:iam::{DEV}:{resource} Why Refused because no"
            ),
        );
    }
}

#[test]
fn a_page_that_is_refused_is_in_the_audit_trail_with_its_reason() {
    let page = look("Blind", "/console/roles/Deploy");
    let text = page.text();
    let (_, rest) = text.split_once("name=\"request-id\" content=\"").unwrap();
    let event = DEMO.events(rest.split('"').next().unwrap()).remove(0);
    assert_eq!(event["eventName"], "GetRole");
    assert_eq!(event["errorCode"], "AccessDenied");
    assert_eq!(event["additionalEventData"]["reason"], "policy.no_match");
    assert_eq!(event["requestParameters"], json!({ "roleName": "Deploy" }));
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Blind/session");
    assert_eq!(event["userIdentity"]["arn"], arn);
}

#[test]
fn what_is_not_there_is_said_to_whoever_may_look() {
    for (path, sentence) in [
        (
            "/console/roles/nobody",
            "The role with name nobody cannot be found.",
        ),
        (
            "/console/users/nobody",
            "The user with name nobody cannot be found.",
        ),
        (
            "/console/groups/nobody",
            "The group with name nobody cannot be found.",
        ),
        ("/console/policy", "Policy was not found."),
        (PAGES[7], "cannot be found."),
    ] {
        let page = look("Auditor", path);
        assert_eq!(page.status, 404, "{path}");
        says(&page, sentence);
    }
}

#[test]
fn another_accounts_things_are_not_there() {
    let elsewhere = format!("/console/policy?arn=arn:aws:iam::{PROD}:policy/Elsewhere");
    assert_eq!(look("Auditor", &elsewhere).status, 404);
    assert_eq!(look("Auditor", "/console/roles/ReadOnly").status, 404);
    let roles = look("Auditor", "/console/roles");
    assert!(!roles.text().contains(PROD));
    let acme = DEMO.acme();
    let name = acme.strip_prefix("http://").unwrap();
    let provider = format!("/console/provider?arn=arn:aws:iam::{PROD}:oidc-provider/{name}");
    assert_eq!(look("Auditor", &provider).status, 404);
}

#[test]
fn the_list_of_roles_is_filtered_by_words() {
    let page = look("Auditor", "/console/roles");
    for name in ["Auditor", "Deploy", "Developer"] {
        assert!(
            page.text().contains(&format!("/console/roles/{name}\"")),
            "{name}"
        );
    }
    let page = look("Auditor", "/console/roles?q=ACME/app+main");
    assert!(page.text().contains("/console/roles/Deploy\""));
    assert!(!page.text().contains("/console/roles/Developer\""));
    says(&page, "Those in dev with ACME/app main .");
    says(
        &look("Auditor", "/console/roles?q=zzz"),
        "Nothing matches zzz",
    );
}

#[test]
fn a_long_list_has_pages() {
    let broker = Broker::demo();
    broker.role(DEV, "Auditor", &trust(json!({ "AWS": DEV }), json!({})));
    broker.role_policy(DEV, "Auditor", &allow(&["iam:List*"], &["*"]));
    for n in 0..60 {
        broker.role(
            DEV,
            &format!("Many{n:02}"),
            &trust(json!({ "AWS": DEV }), json!({})),
        );
    }
    let mut browser = console(&broker, "Auditor");
    let first = browser.get(&broker.absolute("/console/roles?q=many"));
    assert!(first.text().contains("Many49") && !first.text().contains("Many50"));
    assert!(
        first
            .text()
            .contains("href=\"/console/roles?q=many&#38;after=Many49\"")
    );
    let second = browser.get(&broker.absolute("/console/roles?q=many&after=Many49"));
    assert!(second.text().contains("Many59") && !second.text().contains("Many49"));
    assert!(!second.text().contains("after="));
    assert!(second.text().contains("href=\"/console/roles?q=many\""));
}

#[test]
fn a_role_says_who_may_assume_it() {
    let page = look("Auditor", "/console/roles/Deploy");
    let ci = DEMO.ci();
    let name = ci.strip_prefix("http://").unwrap();
    says(
        &page,
        &format!(
            "Whoever {name} vouches for may take the role with an ID token and set a source identity, if all of this holds:"
        ),
    );
    says(
        &page,
        &format!("the subject {name}:sub is repo:acme/app:ref:refs/heads/main"),
    );
    says(&page, "\"Sid\": \"MainBranch\"");
}

#[test]
fn what_the_linter_finds_stands_with_the_statement() {
    let page = look("Auditor", "/console/roles/Open");
    says(
        &page,
        "Any caller of any account may take the role with AWS credentials. Warning: every principal of every account may take the role",
    );
    says(
        &page,
        "Statement 2 · NotBob · denies Any caller of any account may never take the role",
    );
}

#[test]
fn what_a_role_holds_is_text_and_never_markup() {
    let page = look("Auditor", "/console/roles/Open");
    assert!(!page.text().contains("<b>bold") && !page.text().contains("<script>"));
    assert!(page.text().contains("&#60;b&#62;bold"));
}

#[test]
fn a_role_says_what_it_may_do() {
    let page = look("Auditor", "/console/roles/Open");
    says(
        &page,
        "May s3:GetObject on arn:aws:s3:::b/* , if the client's address aws:SourceIp is in 10.0.0.0/8",
    );
    says(
        &page,
        "May never do everything of s3 on arn:aws:s3:::b/secret/*",
    );
}

#[test]
fn policies_that_the_session_may_not_read_are_not_shown() {
    let page = look("Glimpse", "/console/roles/Open");
    assert_eq!(page.status, 200);
    says(
        &page,
        &format!(
            "Not shown: this session lacks iam:ListRolePolicies on arn:aws:iam::{DEV}:role/Open"
        ),
    );
    says(
        &page,
        &format!(
            "Not shown: this session lacks iam:ListAttachedRolePolicies on arn:aws:iam::{DEV}:role/Open"
        ),
    );
    assert!(!page.text().contains("s3:GetObject on"));
    says(&page, "A trial needs every policy of the role");
    let tried = look(
        "Glimpse",
        "/console/roles/Open?action=s3:GetObject&resource=arn:aws:s3:::b/x",
    );
    assert!(!tried.text().contains("Denied") && !tried.text().contains("Allowed"));
    let page = look("Glimpse", "/console/users/carol");
    says(
        &page,
        &format!(
            "Not shown: this session lacks iam:ListAccessKeys on arn:aws:iam::{DEV}:user/carol"
        ),
    );
    let page = look("Glimpse", PAGES[5]);
    says(&page, "Not shown: this session lacks iam:GetPolicyVersion");
}

#[test]
fn a_trial_says_which_statement_decided() {
    let tried = |keys: &str, object: &str| {
        let resource = format!("arn:aws:s3:::b/{object}");
        let fields = [
            ("action", "s3:GetObject"),
            ("resource", &resource),
            ("keys", keys),
        ];
        look("Auditor", &format!("/console/roles/Open?{}", form(&fields)))
    };
    let page = tried("aws:SourceIp = 10.1.2.3", "x");
    says(
        &page,
        "✓ Allowed A statement allows it, and nothing denies it. inline (inline), statement 1 · Read: allows decided",
    );
    says(
        &page,
        "Holds: aws:SourceIp IpAddress 10.0.0.0/8 ; the request has 10.1.2.3",
    );
    let page = tried("aws:SourceIp = 192.0.2.1", "x");
    says(&page, "✕ Denied No statement allows it.");
    says(
        &page,
        "Fails: aws:SourceIp IpAddress 10.0.0.0/8 ; the request has 192.0.2.1",
    );
    let page = tried("", "x");
    says(
        &page,
        "Fails: aws:SourceIp IpAddress 10.0.0.0/8 ; the request has no such key",
    );
    let page = tried("aws:SourceIp = 10.1.2.3", "secret/x");
    says(
        &page,
        "✕ Denied A statement denies it; whatever else allows it.",
    );
    says(&page, "inline (inline), statement 2: denies decided");
}

#[test]
fn a_trial_that_makes_no_sense_says_what_to_write() {
    let page = look("Auditor", "/console/roles/Open?action=nonsense");
    says(
        &page,
        "An action is a service and a name, like s3:GetObject.",
    );
    let page = look("Auditor", "/console/roles/Open?action=s3:Get&keys=nonsense");
    says(
        &page,
        "\"nonsense\" is no condition key: write name = value.",
    );
}

#[test]
fn a_user_is_shown_with_its_keys_and_policies() {
    let list = look("Auditor", "/console/users");
    assert!(list.text().contains("/console/users/carol\""));
    let page = look("Auditor", "/console/users/carol");
    says(&page, "active made 20");
    says(&page, "May s3:ListBucket on everything");
    assert!(!page.text().contains("secret-of-carol"));
}

#[test]
fn a_policy_is_shown_in_words() {
    let list = look("Auditor", "/console/policies");
    assert!(list.text().contains(&format!(
        "/console/policy?arn=arn:aws:iam::{DEV}:policy/Readers\""
    )));
    let page = look("Auditor", PAGES[5]);
    says(&page, "In force v1");
    says(&page, "May s3:GetObject on everything");
}

#[test]
fn a_policy_says_who_has_it_and_which_versions_there_are() {
    let page = look("Auditor", PAGES[5]);
    says(&page, "Who has it carol user boundary Staff group");
    says(&page, "Versions v2 made 20");
    says(&page, "v1 in force made 20");
    let page = look("Glimpse", PAGES[5]);
    says(
        &page,
        "Who has it Not shown: this session lacks iam:ListEntitiesForPolicy",
    );
    says(
        &page,
        "Versions Not shown: this session lacks iam:ListPolicyVersions",
    );
}

#[test]
fn a_group_says_who_is_in_it_and_what_it_lets_them_do() {
    let list = look("Auditor", "/console/groups");
    assert!(list.text().contains("/console/groups/Staff\""));
    let page = look("Auditor", "/console/groups/Staff");
    says(&page, "Users carol");
    says(
        &page,
        &format!(
            "arn:aws:iam::{DEV}:policy/Readers attached Statement 1 May s3:GetObject on everything"
        ),
    );
    let page = look("Auditor", "/console/users/carol");
    says(&page, "Staff . What they may do, this user may do as well.");
    says(
        &page,
        &format!("arn:aws:iam::{DEV}:policy/Readers boundary Whatever the other policies allow"),
    );
}

#[test]
fn a_saml_provider_says_what_its_metadata_says() {
    let list = look("Auditor", "/console/providers");
    assert!(list.text().contains(&format!("{SAML}\"")));
    let page = look("Auditor", SAML);
    says(
        &page,
        "Kind SAML 2.0 Entity id https://idp.fabrikam.example",
    );
    says(&page, "Certificates 1");
    says(&page, "Roles that trust it Archivist");
}

#[test]
fn a_provider_says_which_roles_trust_it() {
    let ci = DEMO.ci();
    let name = ci.strip_prefix("http://").unwrap();
    let list = look("Auditor", "/console/providers");
    let href = format!("/console/provider?arn=arn:aws:iam::{DEV}:oidc-provider/{name}");
    assert!(
        list.text().contains(&format!("{href}\"")),
        "{}",
        list.text()
    );
    let page = look("Auditor", &href);
    says(&page, &format!("Issuer {ci}"));
    says(
        &page,
        "Roles that trust it Deploy Jobs of acme/app on its main branch",
    );
    assert!(!page.text().contains("/console/roles/Developer"));
}

#[test]
fn a_console_that_ended_shows_nothing_more() {
    let broker = Broker::demo();
    let mut browser = console(&broker, "Developer");
    let url = broker.absolute("/console/roles");
    assert_eq!(browser.get(&url).status, 200);
    broker.clock.advance(time::Duration::hours(1));
    let page = browser.get(&url);
    assert_eq!(page.status, 403);
    says(&page, "These credentials ended at");
}

// --- a new role -----------------------------------------------------------------------------------------------------

const GITHUB: [(&str, &str); 13] = [
    ("for", "github"),
    ("step", "preview"),
    ("owner", "acme"),
    ("repository", "app"),
    ("scope", "branch"),
    ("scope_name", "main"),
    ("form", "both"),
    ("owner_id", "11"),
    ("repository_id", "22"),
    ("issuer", "https://token.actions.githubusercontent.com"),
    ("audience", "sts.amazonaws.com"),
    ("name", "Release"),
    ("hours", "2"),
];

/// The form with some of its fields changed.
fn filled<'a>(changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = GITHUB
        .into_iter()
        .filter(|(name, _)| !changed.iter().any(|(known, _)| known == name));
    kept.chain(changed.iter().copied()).collect()
}

fn preview(role: &str, changed: &[(&str, &str)]) -> Reply {
    look(
        role,
        &format!("/console/roles/new?{}", form(&filled(changed))),
    )
}

/// Sends the form that makes a role.
fn make(browser: &mut Browser, changed: &[(&str, &str)]) -> Reply {
    let home = browser.get(&DEMO.absolute("/console"));
    let csrf = match home.status {
        200 => field(&home, "csrf"),
        _ => String::new(),
    };
    let mut fields = vec![("csrf", csrf.as_str())];
    let filled = filled(changed);
    fields.extend(filled.iter().filter(|(name, _)| *name != "csrf"));
    browser.post(&DEMO.absolute("/console/roles"), &fields)
}

fn role_there(name: &str) -> Option<drawbridge::store::roles::Role> {
    let found = DEMO.app.store.role_by_name(DEV, name);
    crate::harness::RUNTIME.block_on(found).unwrap()
}

#[test]
fn what_the_command_line_would_take_for_a_file_is_refused() {
    let secret = "file:///root/.aws/credentials";
    for (field, told) in [
        ("description", "The AWS CLI would read a file of that name."),
        ("audience", "The AWS CLI would read a file of that name."),
        ("policy:fileb://x", "Policies go by their ARN."),
    ] {
        let page = preview("Administrator", &[("step", "preview"), (field, secret)]);
        assert_eq!(page.status, 400, "{field}");
        says(&page, told);
    }
}

#[test]
fn only_who_may_make_roles_is_asked_for_whom() {
    let page = look("Auditor", "/console/roles/new");
    assert_eq!(page.status, 403);
    says(&page, "Missing action iam:CreateRole");
    assert!(
        !look("Auditor", "/console/roles")
            .text()
            .contains("/console/roles/new")
    );
    assert!(
        look("Administrator", "/console/roles")
            .text()
            .contains("/console/roles/new")
    );
    let page = look("Administrator", "/console/roles/new");
    for kind in ["github", "gitlab", "kubernetes", "oidc", "saml"] {
        let href = format!("/console/roles/new?for={kind}");
        assert!(page.text().contains(&format!("{href}\"")), "{kind}");
        assert_eq!(look("Administrator", &href).status, 200, "{kind}");
    }
}

#[test]
fn a_preview_shows_the_trust_policy_the_commands_and_the_terraform() {
    let page = preview("Administrator", &[]);
    assert_eq!(page.status, 200, "{}", page.text());
    says(&page, "Create Release? Nothing is made yet.");
    says(
        &page,
        "the subject token.actions.githubusercontent.com:sub is repo:acme/app:ref:refs/heads/main or repo:acme@11/app@22:ref:refs/heads/main",
    );
    says(&page, "The linter finds nothing to say about it.");
    says(
        &page,
        "aws iam create-role \\ --role-name Release \\ --max-session-duration 7200 \\ --assume-role-policy-document '{",
    );
    says(
        &page,
        "resource \"aws_iam_role\" \"release\" { name = \"Release\" max_session_duration = 7200 assume_role_policy = jsonencode({",
    );
    assert!(role_there("Release").is_none());
}

#[test]
fn a_preview_says_that_the_provider_is_missing_and_how_it_is_made() {
    let page = preview("Administrator", &[]);
    says(&page, "The account does not have this provider yet.");
    says(
        &page,
        "aws iam create-open-id-connect-provider \\ --url https://token.actions.githubusercontent.com \\ --client-id-list sts.amazonaws.com",
    );
    let ci = DEMO.ci();
    let known = DEMO.absolute("");
    let page = preview("Administrator", &[("issuer", &ci), ("audience", &known)]);
    assert!(!page.text().contains("create-open-id-connect-provider"));
    let page = preview("Administrator", &[("issuer", &ci), ("audience", "else")]);
    says(&page, "The provider does not know the audience else yet.");
    says(&page, "aws iam add-client-id-to-open-id-connect-provider");
}

#[test]
fn a_preview_takes_the_audience_that_the_provider_knows() {
    let ci = DEMO.ci();
    let page = preview("Administrator", &[("issuer", &ci), ("audience", "")]);
    says(&page, &format!(":aud is {} ", DEMO.absolute("")));
}

#[test]
fn a_preview_says_what_is_weak() {
    let page = preview("Administrator", &[("scope", "any"), ("form", "names")]);
    says(&page, "Warning: \"repo:acme/app:*\" admits every ref");
    assert!(!page.text().contains("The linter finds nothing"));
}

#[test]
fn a_preview_says_what_the_api_would_refuse() {
    let group = [
        ("for", "oidc"),
        ("issuer", "https://gitlab.com"),
        ("group", "engineering"),
        ("claim", "groups"),
    ];
    let page = preview("Administrator", &group);
    says(
        &page,
        "This cannot be made: gitlab.com issues tokens to everybody",
    );
    assert!(page.text().contains("disabled"));
    let page = preview("Administrator", &[("name", "deploy")]);
    says(
        &page,
        "This cannot be made: Role with name Deploy already exists.",
    );
}

#[test]
fn a_form_that_is_wrong_comes_back_with_what_to_write() {
    let page = preview(
        "Administrator",
        &[("repository", ""), ("name", "a b"), ("owner_id", "x")],
    );
    assert_eq!(page.status, 400);
    says(&page, "3 fields need another look.");
    says(&page, "Repository This is needed.");
    says(
        &page,
        "Name Up to 64 letters, digits and any of + = , . @ - _.",
    );
    says(
        &page,
        "Number of the owner Its number, or choose names only.",
    );
    assert!(page.text().contains("name=\"owner\" value=\"acme\""));
}

#[test]
fn a_role_is_made_by_the_operation_of_the_api() {
    let policy = format!("policy:arn:aws:iam::{DEV}:policy/Readers");
    let mut browser = console(&DEMO, "Administrator");
    let changed = [
        ("name", "Made"),
        ("description", "Makes it"),
        (&policy, "on"),
    ];
    let made = make(&mut browser, &changed);
    let landed = "/console/roles/Made?done=created";
    assert_eq!(
        (made.status, made.header("location")),
        (303, landed),
        "{}",
        made.text()
    );
    let role = role_there("Made").unwrap();
    assert_eq!(role.max_session_duration, 7200);
    assert_eq!(role.description, "Makes it");
    let page = browser.get(&DEMO.absolute(landed));
    says(&page, "The role is made.");
    says(
        &page,
        &format!("arn:aws:iam::{DEV}:policy/Readers attached"),
    );
    let trail = DEMO.trail();
    let event = |name: &str| {
        let found = trail.lines().find(|line| {
            line.contains(&format!("\"eventName\":\"{name}\""))
                && line.contains("\"roleName\":\"Made\"")
        });
        let line: serde_json::Value = serde_json::from_str(found.unwrap()).unwrap();
        line["event"].clone()
    };
    let created = event("CreateRole");
    assert_eq!(created["responseElements"]["role"]["arn"], role.arn);
    assert_eq!(created["readOnly"], false);
    assert_eq!(created["requestParameters"]["description"], "Makes it");
    let attached = event("AttachRolePolicy");
    let who = format!("arn:aws:sts::{DEV}:assumed-role/Administrator/session");
    assert_eq!(attached["userIdentity"]["arn"], who);
}

#[test]
fn a_role_that_is_there_is_not_made_again() {
    let made = make(&mut console(&DEMO, "Administrator"), &[("name", "Deploy")]);
    assert_eq!(made.status, 409);
    says(
        &made,
        "That was refused Role with name Deploy already exists.",
    );
}

#[test]
fn a_role_whose_policy_cannot_be_attached_is_not_made() {
    let mut browser = console(&DEMO, "Administrator");
    let gone = format!("policy:arn:aws:iam::{DEV}:policy/Gone");
    let made = make(&mut browser, &[("name", "Half"), (&gone, "on")]);
    assert_eq!(made.status, 404);
    let foreign = format!("policy:arn:aws:iam::{PROD}:policy/Elsewhere");
    let made = make(&mut browser, &[("name", "Half"), (&foreign, "on")]);
    assert_eq!(made.status, 404);
    let mut maker = console(&DEMO, "Maker");
    let policy = format!("policy:arn:aws:iam::{DEV}:policy/Readers");
    let made = make(&mut maker, &[("name", "Half"), (&policy, "on")]);
    assert_eq!(made.status, 403);
    says(&made, "Missing action iam:AttachRolePolicy");
    assert!(role_there("Half").is_none());
}

#[test]
fn a_role_is_made_by_who_may_alone() {
    let made = make(&mut console(&DEMO, "Auditor"), &[("name", "Sneaked")]);
    assert_eq!(made.status, 403);
    says(&made, "Missing action iam:CreateRole");
    let made = make(&mut Browser::new(), &[("csrf", "x")]);
    assert_eq!(made.status, 403);
    assert!(role_there("Sneaked").is_none());
}

#[test]
fn a_role_is_made_by_a_form_of_the_console_alone() {
    let mut browser = console(&DEMO, "Administrator");
    let csrf = field(&browser.get(&DEMO.absolute("/console")), "csrf");
    let url = DEMO.absolute("/console/roles");
    let forged = filled(&[("name", "Forged")]);
    for token in ["", "x"] {
        let fields = [&forged[..], &[("csrf", token)]].concat();
        let page = browser.post(&url, &fields);
        assert_eq!(page.status, 403);
        says(&page, "This form cannot be used");
    }
    let fields = [&forged[..], &[("csrf", csrf.as_str())]].concat();
    let request = DEMO.post("/console/roles").form(&fields);
    assert_eq!(browser.prepare(request, "cross-site").send().status, 403);
    assert!(role_there("Forged").is_none());
}

// --- cutting off ----------------------------------------------------------------------------------------------------

/// Sends the form that cuts off.
fn cut(broker: &Broker, browser: &mut Browser, fields: &[(&str, &str)]) -> Reply {
    let csrf = field(&browser.get(&broker.absolute("/console")), "csrf");
    let fields = [fields, &[("csrf", csrf.as_str())]].concat();
    browser.post(&broker.absolute("/console/sessions"), &fields)
}

/// A broker of its own, with somebody who may cut off and somebody to be cut off.
fn with_guard() -> Broker {
    let broker = Broker::demo();
    let account = trust(json!({ "AWS": DEV }), json!({}));
    broker.role(DEV, "Guard", &account);
    broker.role_policy(DEV, "Guard", &allow(&["drawbridge:CutOff"], &["*"]));
    broker
}

#[test]
fn a_link_to_a_cut_asks_and_does_nothing() {
    let broker = with_guard();
    let mut guard = console(&broker, "Guard");
    let role = format!("arn:aws:iam::{DEV}:role/Developer");
    let target = format!("/console/sessions?kind=role&id={role}");
    let mut developer = console(&broker, "Developer");
    assert!(
        developer
            .get(&broker.absolute("/console/roles/Developer"))
            .text()
            .contains(&format!("href=\"{}\"", target.replace('&', "&#38;")))
    );
    let page = guard.get(&broker.absolute(&target));
    says(
        &page,
        &format!(
            "Cut off? Every session of the role, whoever took it. What One role ARN of the role {role}"
        ),
    );
    let still = developer.get(&broker.absolute("/console"));
    assert_eq!(still.status, 200);
}

#[test]
fn a_cut_ends_the_sessions_of_a_role_and_is_listed() {
    let broker = with_guard();
    let mut guard = console(&broker, "Guard");
    let mut developer = console(&broker, "Developer");
    let role = format!("arn:aws:iam::{DEV}:role/Developer");
    let done = cut(&broker, &mut guard, &[("kind", "role"), ("id", &role)]);
    let landed = "/console/sessions?done=cut-off";
    assert_eq!(
        (done.status, done.header("location")),
        (303, landed),
        "{}",
        done.text()
    );
    assert_eq!(developer.get(&broker.absolute("/console")).status, 403);
    let page = guard.get(&broker.absolute(landed));
    says(&page, "Cut off. Whatever was issued before now");
    says(&page, &format!("Cut off so far role {role}"));
    says(
        &page,
        &format!("by arn:aws:sts::{DEV}:assumed-role/Guard/session"),
    );
}

#[test]
fn every_kind_of_cut_has_its_form() {
    let broker = with_guard();
    let session = broker.session_of(&format!("arn:aws:iam::{DEV}:role/Developer"), |_| {});
    let principal = format!("arn:aws:sts::{DEV}:assumed-role/Developer/session");
    let acme = broker.acme();
    // People and providers are everybody's.
    let (guard, over_all) = ((DEV, "Guard"), (PROD, "Administrator"));
    let cuts: [(_, &[(&str, &str)]); 4] = [
        (
            guard,
            &[("kind", "session"), ("id", &session.access_key_id)],
        ),
        (guard, &[("kind", "principal"), ("id", &principal)]),
        (
            over_all,
            &[("kind", "subject"), ("issuer", &acme), ("id", "ann")],
        ),
        (over_all, &[("kind", "idp"), ("id", &acme)]),
    ];
    for ((account, role), fields) in cuts {
        let mut guard = console_in(&broker, account, role);
        let page = guard.get(&broker.absolute(&format!("/console/sessions?{}", form(fields))));
        says(&page, "Cut off?");
        let done = cut(&broker, &mut guard, fields);
        assert_eq!(done.status, 303, "{fields:?} {}", done.text());
    }
    let cuts = crate::harness::RUNTIME.block_on(broker.app.store.revocations());
    assert_eq!(cuts.unwrap().len(), 4);
}

#[test]
fn what_reaches_every_account_is_offered_to_whom_stands_over_all() {
    let broker = with_guard();
    let offers = |account: &str, role: &str, path: &str| {
        let page = console_in(&broker, account, role).get(&broker.absolute(path));
        assert_eq!(page.status, 200);
        words(&page).contains("One identity provider") || page.text().contains("kind=idp")
    };
    assert!(!offers(DEV, "Guard", "/console/sessions"));
    assert!(offers(PROD, "Administrator", "/console/sessions"));
    let provider = |account: &str| {
        let issuer = broker.acme();
        let name = issuer.split_once("://").unwrap().1;
        format!("/console/provider?arn=arn:aws:iam::{account}:oidc-provider/{name}")
    };
    assert!(!offers(DEV, "Developer", &provider(DEV)));
    assert!(offers(PROD, "Administrator", &provider(PROD)));
    let mut guard = console(&broker, "Guard");
    let refused = cut(
        &broker,
        &mut guard,
        &[("kind", "idp"), ("id", &broker.acme())],
    );
    assert_eq!(refused.status, 403);
    says(
        &refused,
        "because it reaches every account and this one does not stand over them",
    );
}

#[test]
fn who_may_not_cut_off_is_told_the_action() {
    let broker = with_guard();
    let mut developer = console(&broker, "Developer");
    let page = developer.get(&broker.absolute("/console/sessions"));
    says(
        &page,
        "Cut off so far Not shown: this session lacks drawbridge:CutOff on *",
    );
    let role = format!("arn:aws:iam::{DEV}:role/Support");
    let refused = cut(&broker, &mut developer, &[("kind", "role"), ("id", &role)]);
    assert_eq!(refused.status, 403);
    says(
        &refused,
        &format!("is not authorized to perform: drawbridge:CutOff on resource: {role}"),
    );
    let cuts = crate::harness::RUNTIME.block_on(broker.app.store.revocations());
    assert!(cuts.unwrap().is_empty());
}

#[test]
fn a_cut_that_names_nothing_is_refused() {
    let broker = with_guard();
    let mut guard = console(&broker, "Guard");
    let nothing: [&[(&str, &str)]; 4] = [
        &[],
        &[("kind", "everything"), ("id", "x")],
        &[("kind", "role"), ("id", " ")],
        &[("kind", "subject"), ("id", "ann")],
    ];
    for fields in nothing {
        let refused = cut(&broker, &mut guard, fields);
        assert_eq!(refused.status, 404, "{fields:?}");
        says(&refused, "The form does not say what to cut off.");
    }
    let refused = cut(&broker, &mut guard, &[("kind", "session"), ("id", "AKIA")]);
    assert_eq!(refused.status, 400);
    says(&refused, "This is no access key id of a session.");
}

#[test]
fn a_cut_takes_a_form_of_the_console() {
    let broker = with_guard();
    let mut guard = console(&broker, "Guard");
    let role = format!("arn:aws:iam::{DEV}:role/Developer");
    let url = broker.absolute("/console/sessions");
    let forged = [("kind", "role"), ("id", role.as_str()), ("csrf", "x")];
    assert_eq!(guard.post(&url, &forged).status, 403);
    let csrf = field(&guard.get(&broker.absolute("/console")), "csrf");
    let forged = [("kind", "role"), ("id", &role), ("csrf", &csrf)];
    let request = broker.post("/console/sessions").form(&forged);
    assert_eq!(guard.prepare(request, "cross-site").send().status, 403);
    let cuts = crate::harness::RUNTIME.block_on(broker.app.store.revocations());
    assert!(cuts.unwrap().is_empty());
}

#[test]
fn another_accounts_cuts_are_not_listed() {
    let broker = with_guard();
    let role = format!("arn:aws:iam::{PROD}:role/ReadOnly");
    let there = drawbridge::store::revocations::Revocation {
        kind: drawbridge::store::revocations::RevocationKind::Role,
        id: role.clone(),
        issued_before: 1,
        revoked_by: "somebody".to_owned(),
        revoked_at: 1,
    };
    crate::harness::RUNTIME
        .block_on(broker.app.store.revoke(&there))
        .unwrap();
    let page = console(&broker, "Guard").get(&broker.absolute("/console/sessions"));
    says(&page, "Cut off so far Nothing.");
    assert!(!words(&page).contains(&role));
}

#[test]
fn the_cut_of_a_user_is_listed_under_its_name() {
    let broker = with_guard();
    broker.user(DEV, "ann", None);
    let arn = format!("arn:aws:iam::{DEV}:user/ann");
    let mut guard = console(&broker, "Guard");
    let done = cut(&broker, &mut guard, &[("kind", "principal"), ("id", &arn)]);
    assert_eq!(done.status, 303, "{}", done.text());
    let page = guard.get(&broker.absolute("/console/sessions"));
    says(&page, &format!("Cut off so far principal {arn}"));
    let mut theirs = console_in(&broker, PROD, "Administrator");
    let page = theirs.get(&broker.absolute("/console/sessions"));
    says(&page, "Cut off so far Nothing.");
}

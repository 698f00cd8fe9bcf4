//! Requests that others signed: the examples of AWS's documentation, its test suite, and botocore.

use time::OffsetDateTime;
use time::macros::datetime;

use super::testing::{NOW, Sent, TOKEN, long_term, secret, temporary};
use super::{Rules, SignatureError, sign, verify};

const SUITE_TIME: OffsetDateTime = datetime!(2015-08-30 12:36:00 UTC);

fn rules<'a>(services: &'a [&'a str], now: OffsetDateTime) -> Rules<'a> {
    Rules {
        services,
        now,
        max_presign_seconds: 604_800,
    }
}

/// AWS's Signature Version 4 test suite: name, method, target, headers beside `host` and `x-amz-date`, body, signature.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const SUITE: &[Case] = &[
    (
        "get-vanilla",
        "GET",
        "/",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "get-unreserved",
        "GET",
        "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        &[],
        "",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    (
        "get-utf8",
        "GET",
        "/\u{1234}",
        &[],
        "",
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    (
        "get-space",
        "GET",
        "/example space/",
        &[],
        "",
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    (
        "get-slash-pointless-dot",
        "GET",
        "/./example",
        &[],
        "",
        "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
    ),
    (
        "get-relative",
        "GET",
        "/example/..",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "get-vanilla-empty-query-key",
        "GET",
        "/?Param1=value1",
        &[],
        "",
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    (
        "get-vanilla-query-order-key-case",
        "GET",
        "/?Param2=value2&Param1=value1",
        &[],
        "",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "get-header-value-trim",
        "GET",
        "/",
        &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
        "",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    (
        "get-header-key-duplicate",
        "GET",
        "/",
        &[
            ("my-header1", "value2"),
            ("my-header1", "value2"),
            ("my-header1", "value1"),
        ],
        "",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    (
        "get-header-value-order",
        "GET",
        "/",
        &[
            ("my-header1", "value4"),
            ("my-header1", "value1"),
            ("my-header1", "value3"),
            ("my-header1", "value2"),
        ],
        "",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    ),
    (
        "post-vanilla",
        "POST",
        "/",
        &[],
        "",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    (
        "post-vanilla-query",
        "POST",
        "/?Param1=value1",
        &[],
        "",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ),
    (
        "post-header-key-sort",
        "POST",
        "/",
        &[("my-header1", "value1")],
        "",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    (
        "post-x-www-form-urlencoded",
        "POST",
        "/",
        &[("content-type", "application/x-www-form-urlencoded")],
        "Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    (
        "post-x-www-form-urlencoded-parameters",
        "POST",
        "/",
        &[(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf8",
        )],
        "Param1=value1",
        "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
    ),
];

#[test]
fn the_test_suite_of_aws_is_signed_and_verified_alike() {
    for &(name, method, target, headers, body, signature) in SUITE {
        let headers = [headers, &[("host", "example.amazonaws.com")]].concat();
        let mut sent = Sent::new(method, target, &headers, body);
        let added = sign(
            &sent.request(),
            &long_term(),
            "us-east-1",
            "service",
            SUITE_TIME,
        )
        .unwrap();
        sent.headers.extend(added);
        let authorization = sent.headers["authorization"].to_str().unwrap();
        assert!(
            authorization.ends_with(&format!("Signature={signature}")),
            "{name}: {authorization}"
        );
        let verified = sent
            .verify(&rules(&["service"], SUITE_TIME))
            .unwrap_or_else(|it| panic!("{name}: {it}"));
        assert_eq!(verified.access_key_id(), "AKIDEXAMPLE");
        assert_eq!(verified.signed_at(), SUITE_TIME);
    }
}

#[test]
fn the_example_of_the_documentation_is_verified() {
    let sent = Sent::new(
        "GET",
        "/?Action=ListUsers&Version=2010-05-08",
        &[
            ("host", "iam.amazonaws.com"),
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            ),
        ],
        "",
    );
    let verified = sent.verify(&rules(&["iam"], SUITE_TIME)).unwrap();
    assert_eq!(
        (verified.service(), verified.region()),
        ("iam", "us-east-1")
    );
}

#[test]
fn the_presigned_example_of_s3_is_verified() {
    let sent = Sent::new(
        "GET",
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3\
         %2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        &[("host", "examplebucket.s3.amazonaws.com")],
        "",
    );
    let presented = sent.present().unwrap().unwrap();
    let secret = crate::secret::Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned());
    let rules = rules(&["s3"], datetime!(2013-05-24 12:00 UTC));
    assert!(
        verify(&presented, &sent.request(), &secret, &rules)
            .unwrap()
            .is_presigned()
    );
}

#[test]
fn a_form_signed_by_botocore_is_verified() {
    for (body, key, token, scope, headers, signature) in [
        (
            "Action=GetCallerIdentity&Version=2011-06-15",
            "AKIDEXAMPLE",
            None,
            "us-east-1/sts",
            "content-type;host;x-amz-date",
            "9d8a9902d19c558eba3638b2c2aa967439a53dd7c84e83b68521e0486eaf3813",
        ),
        (
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2FDeploy&\
             RoleSessionName=ann%40example.com&Policy=%7B%22a%22%3A+%22%C3%A9%22%7D",
            "ASIAEXAMPLE00000",
            Some(TOKEN),
            "eu-west-1/sts",
            "content-type;host;x-amz-date;x-amz-security-token",
            "648147a399c245ed14e5f77be066a582d7d2efc735ae215deca46e973f3305f6",
        ),
        (
            "Action=ListUsers&Version=2010-05-08",
            "AKIDEXAMPLE",
            None,
            "us-east-1/iam",
            "content-type;host;x-amz-date",
            "999c1d51035621064c5f5f7cc511c05bb230359769adfb30f520a982b701bc6d",
        ),
    ] {
        let mut sent = Sent::new(
            "POST",
            "/",
            &[
                ("host", "127.0.0.1:8080"),
                (
                    "content-type",
                    "application/x-www-form-urlencoded; charset=utf-8",
                ),
                ("user-agent", "Botocore/1.43.11"),
                ("x-amz-date", "20260911T114826Z"),
                ("amz-sdk-request", "attempt=1"),
            ],
            body,
        );
        if let Some(token) = token {
            sent = sent.with("x-amz-security-token", token);
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260911/{scope}/aws4_request, SignedHeaders={headers}, Signature={signature}"
        );
        sent = sent.with("authorization", &authorization);
        assert_eq!(sent.present().unwrap().unwrap().session_token(), token);
        let verified = sent
            .verify(&rules(&["sts", "iam"], NOW))
            .unwrap_or_else(|it| panic!("{body}: {it}"));
        assert_eq!(verified.access_key_id(), key);
    }
}

/// `aws eks get-token` and Vault prove who somebody is this way; the second has the cluster's name in a signed header.
const PRESIGNED: [(&str, &[(&str, &str)]); 2] = [
    (
        "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE\
         %2F20260911%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260911T114826Z&X-Amz-Expires=60\
         &X-Amz-SignedHeaders=host\
         &X-Amz-Signature=8434a7852cb9d7e1be1a809c2e6865cebc794cff019759711b9953f3c9cae8c4",
        &[("host", "sts.eu-west-1.amazonaws.com")],
    ),
    (
        "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\
         ASIAEXAMPLE00000%2F20260911%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260911T114826Z&X-Amz-Expires=900\
         &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2F%2F%2F%2F%2F%2F%2F%2F\
         %2FwEaDH%2Btoken%2Fwith%3Dsigns%3D%3D\
         &X-Amz-Signature=84d0a3bb8563d9044c2fc18788e348658f14502dd1dfdee2f125d9fa84033b92",
        &[
            ("host", "sts.eu-west-1.amazonaws.com"),
            ("x-k8s-aws-id", "my-cluster"),
        ],
    ),
];

#[test]
fn a_query_presigned_by_botocore_is_verified() {
    for (target, headers) in PRESIGNED {
        let sent = Sent::new("GET", target, headers, "");
        assert!(sent.verify(&rules(&["sts"], NOW)).unwrap().is_presigned());
    }
    let [_, (target, headers)] = PRESIGNED;
    let presented = Sent::new("GET", target, headers, "")
        .present()
        .unwrap()
        .unwrap();
    assert_eq!(presented.session_token(), Some(TOKEN));
    assert_eq!(
        presented.signed_headers().collect::<Vec<_>>(),
        ["host", "x-k8s-aws-id"]
    );
}

#[test]
fn a_presigned_query_of_another_cluster_is_refused() {
    let [_, (target, _)] = PRESIGNED;
    let headers = [
        ("host", "sts.eu-west-1.amazonaws.com"),
        ("x-k8s-aws-id", "other"),
    ];
    let refused = Sent::new("GET", target, &headers, "").verify(&rules(&["sts"], NOW));
    assert_eq!(refused, Err(SignatureError::Mismatch));
}

#[test]
fn requests_to_s3_signed_by_botocore_are_verified() {
    let header = Sent::new(
        "GET",
        "/bucket/a%20b//c%2Bd/../e%C3%A9~%281%29.txt?prefix=x%20y&list-type=2&delimiter=%2F&z",
        &[
            ("host", "s3.example.com:9000"),
            ("x-amz-date", "20260911T114826Z"),
            ("x-amz-security-token", TOKEN),
            (
                "x-amz-content-sha256",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE00000/20260911/us-east-1/s3/aws4_request, \
                 SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, \
                 Signature=ed06c81daa03198621a1a74705740f9c5eb1b2a032ec3a7031986342a39521f4",
            ),
        ],
        "",
    );
    assert!(header.verify(&rules(&["s3"], NOW)).is_ok());
    let presigned = Sent::new(
        "GET",
        "/bucket/a%20b//c%2Bd/e.txt?response-content-type=text%2Fplain&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=ASIAEXAMPLE00000%2F20260911%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260911T114826Z\
         &X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2F%2F%2F%2F%2F%2F\
         %2F%2F%2FwEaDH%2Btoken%2Fwith%3Dsigns%3D%3D\
         &X-Amz-Signature=6110ceeed30fe44ff723c44f3741783694b90f7cba7c597e81f92780cb81a8c3",
        &[("host", "s3.example.com:9000")],
        "",
    );
    assert!(presigned.verify(&rules(&["s3"], NOW)).is_ok());
}

#[test]
fn a_form_is_signed_as_botocore_signs_it() {
    let headers = [
        ("host", "127.0.0.1:8080"),
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
    ];
    let sent = Sent::new(
        "POST",
        "/",
        &headers,
        "Action=GetCallerIdentity&Version=2011-06-15",
    );
    let added = sign(&sent.request(), &long_term(), "us-east-1", "sts", NOW).unwrap();
    assert!(
        added["authorization"].to_str().unwrap().ends_with(
            "Signature=9d8a9902d19c558eba3638b2c2aa967439a53dd7c84e83b68521e0486eaf3813"
        )
    );
}

#[test]
fn a_query_is_presigned_as_botocore_presigns_it() {
    let [_, (target, headers)] = PRESIGNED;
    let sent = Sent::new(
        "GET",
        "/?Action=GetCallerIdentity&Version=2011-06-15",
        headers,
        "",
    );
    let query = super::presign(
        &sent.request(),
        &temporary(),
        "eu-west-1",
        "sts",
        NOW,
        time::Duration::minutes(15),
    );
    assert_eq!(format!("/?{query}"), target);
    assert_eq!(secret(), temporary().secret_access_key);
}

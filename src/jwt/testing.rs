//! Keys and vectors for this room's tests.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Algorithm, KeySet, SigningKey};

/// The time of the tests.
pub(super) const NOW: i64 = 1_789_123_456;

/// Base64url without padding.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(super) fn decode_json(segment: &str) -> Value {
    serde_json::from_slice(&decode(segment)).unwrap()
}

pub(super) fn key_set(keys: impl IntoIterator<Item = Value>) -> KeySet {
    let keys: Vec<_> = keys.into_iter().collect();
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// Signs with any algorithm and any header, as other people's issuers do.
pub(super) struct Signer {
    algorithm: Algorithm,
    pair: Pair,
    jwk: Value,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Signer {
    /// One for each algorithm, RS256 first.
    pub(super) fn all() -> Vec<Self> {
        Algorithm::ALL.into_iter().map(Self::new).collect()
    }

    pub(super) fn es256() -> Self {
        Self::new(Algorithm::Es256)
    }

    fn new(algorithm: Algorithm) -> Self {
        let curve = |name: &str, pair: EcdsaKeyPair| {
            let point = pair.public_key().as_ref()[1..].to_vec();
            let (x, y) = point.split_at(point.len() / 2);
            let jwk = json!({"kty": "EC", "crv": name, "x": encode(x), "y": encode(y)});
            (Pair::Ec(pair), jwk)
        };
        let (pair, mut jwk) = match algorithm {
            Algorithm::Es256 => curve(
                "P-256",
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ),
            Algorithm::Es384 => curve(
                "P-384",
                EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
            ),
            Algorithm::Es512 => curve(
                "P-521",
                EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap(),
            ),
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())});
                (Pair::Ed(pair), jwk)
            }
            _ => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let pkcs8 = aws_lc_rs::encoding::AsDer::as_der(&pair).unwrap();
                let jwk = SigningKey::from_pkcs8(pkcs8.as_ref()).unwrap().jwk();
                (Pair::Rsa(pair), jwk)
            }
        };
        let id = jwk
            .get("n")
            .or_else(|| jwk.get("x"))
            .and_then(Value::as_str)
            .unwrap();
        jwk["kid"] = json!(id[..12]);
        jwk["alg"] = json!(algorithm.name());
        Self {
            algorithm,
            pair,
            jwk,
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn key_id(&self) -> &str {
        self.jwk["kid"].as_str().unwrap()
    }

    pub(super) fn jwk(&self) -> Value {
        self.jwk.clone()
    }

    pub(super) fn key_set(&self) -> KeySet {
        key_set([self.jwk()])
    }

    pub(super) fn key_set_without_algorithm(&self) -> KeySet {
        let mut jwk = self.jwk();
        jwk.as_object_mut().unwrap().remove("alg");
        key_set([jwk])
    }

    pub(super) fn public_key_bytes(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Ec(pair) => pair.public_key().as_ref(),
            Pair::Ed(pair) => pair.public_key().as_ref(),
        }
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.key_id(), claims)
    }

    pub(super) fn sign_as(&self, key_id: &str, claims: &Value) -> String {
        self.sign_with_header(
            &json!({"alg": self.algorithm.name(), "kid": key_id, "typ": "JWT"}),
            claims,
        )
    }

    pub(super) fn sign_with_header(&self, header: &Value, claims: &Value) -> String {
        let input = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.algorithm {
                    Algorithm::Rs256 => &RSA_PKCS1_SHA256,
                    Algorithm::Rs384 => &RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    Algorithm::Ps384 => &RSA_PSS_SHA384,
                    _ => &RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(
                    encoding,
                    &SystemRandom::new(),
                    input.as_bytes(),
                    &mut signature,
                )
                .unwrap();
                signature
            }
            Pair::Ec(pair) => pair
                .sign(&SystemRandom::new(), input.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            Pair::Ed(pair) => pair.sign(input.as_bytes()).as_ref().to_vec(),
        };
        format!("{input}.{}", encode(signature))
    }
}

/// RFC 7638 §3.1.
pub(super) const RFC7638_MODULUS: &str = concat!(
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhM",
    "stn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5",
    "hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
);

/// RFC 7515 §A.2.
pub(super) const RFC7515_MODULUS: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgN",
    "MsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xs",
    "mtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
);

/// A modulus of two primes of the form `k·M + (65537^a mod M)`, M being the product of the first 126 primes.
pub(super) const ROCA_MODULUS: &str = concat!(
    "u8DQR7L8Hgb4vyBzLirRw5oymlVBiFg0BY_VPg4CzQZtUfwJn3uMbL3dXqUi9OUcPlwBnv0KkqlD7Lw4HyUiSKeaS-wgATEECg_eVXVkGHq5XvrYBR",
    "vGhG6gCVPaj8hvyZATtojK7Q8FyI-ZYOu7BtO67h-7YuivkARIWNYc3bazo7B5edKEbNR_dQqbHuKfuCCKPUMBcgXQ77_ceb1miMKcB1OdPDYPFIei",
    "g_rnWxHYsYI3ccLqroZQmuKxoBAj2D2rhnT6xzpvHQtZxprukJ-rRjzvKKlfFOol4_27reoiQDgz_EtxXX-mxTRJHmq0h7q1h2xsYeD_eTw-2_f_OQ",
);

/// RFC 7515 §A.3.
pub(super) fn rfc7515_es256_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

/// RFC 7515 §A.4.
pub(super) fn rfc7515_es512_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    })
}

/// RFC 8037 §A.2.
pub(super) fn rfc8037_key() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

/// RFC 7515 §A.2 to §A.4 and RFC 8037 §A.4.
pub(super) fn specification_vectors() -> [(Value, &'static str); 4] {
    [
        (
            json!({"kty": "RSA", "n": RFC7515_MODULUS, "e": "AQAB"}),
            concat!(
                "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y",
                "b290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O",
                "8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L0",
                "7Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6",
                "LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
            ),
        ),
        (
            rfc7515_es256_key(),
            concat!(
                "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y",
                "b290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
            ),
        ),
        (
            rfc7515_es512_key(),
            concat!(
                "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2S",
                "I-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolL",
                "zeO_Jn",
            ),
        ),
        (
            rfc8037_key(),
            concat!(
                "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6d",
                "WbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
            ),
        ),
    ]
}

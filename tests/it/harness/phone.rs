//! An authenticator app: what a person has in their pocket.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::clock::Clock;
use drawbridge::sigv4::Credentials;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::Broker;
use super::http::Reply;

/// A virtual MFA device after its picture was scanned.
pub struct Phone {
    pub serial: String,
    seed: Vec<u8>,
}

impl Phone {
    /// Scans what CreateVirtualMFADevice answered.
    #[track_caller]
    pub fn scan(created: &Reply) -> Phone {
        let seed = STANDARD.decode(created.xml("Base32StringSeed")).unwrap();
        let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
        for letter in seed {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'2'..=b'7' => letter - b'2' + 26,
                other => panic!("no base32: {other}"),
            };
            bits = (bits << 5) | u32::from(value);
            held += 5;
            if held >= 8 {
                held -= 8;
                bytes.push(u8::try_from((bits >> held) & 255).unwrap());
            }
        }
        Phone {
            serial: created.xml("SerialNumber"),
            seed: bytes,
        }
    }

    /// The code that the app shows so many steps from a moment.
    pub fn code(&self, unix: i64, steps: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.seed).unwrap();
        mac.update(&(unix / 30 + steps).to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest[19] & 15);
        let word = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap());
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

impl Broker {
    /// Makes a device.
    #[track_caller]
    pub fn phone(&self, who: &Credentials, name: &str) -> Phone {
        let name = [("VirtualMFADeviceName", name)];
        Phone::scan(&self.iam_ok(who, "CreateVirtualMFADevice", &name))
    }

    /// The code that a phone shows now, or so many steps from now.
    pub fn code(&self, phone: &Phone, steps: i64) -> String {
        phone.code(self.clock.unix(), steps)
    }

    /// Calls an operation that takes two codes, those of these steps from now; the answer may be a refusal.
    pub fn pair(
        &self,
        who: &Credentials,
        action: &str,
        phone: &Phone,
        user: &str,
        steps: [i64; 2],
    ) -> Reply {
        let [first, second] = steps.map(|steps| self.code(phone, steps));
        let params = [
            ("UserName", user),
            ("SerialNumber", &phone.serial),
            ("AuthenticationCode1", &first),
            ("AuthenticationCode2", &second),
        ];
        self.iam(who, action, &params)
    }

    /// Makes a device and gives it to a user, with the two codes before the current one.
    #[track_caller]
    pub fn phone_of(&self, who: &Credentials, user: &str, name: &str) -> Phone {
        let phone = self.phone(who, name);
        let enabled = self.pair(who, "EnableMFADevice", &phone, user, [-2, -1]);
        assert_eq!(enabled.status, 200, "{}", enabled.text());
        phone
    }
}

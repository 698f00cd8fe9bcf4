//! A value that may be used but never shown.
//!
//! Wrap a secret the moment it is read and call [`Secret::expose`] where it is used, nowhere else: every place that
//! sees the bare value can then be found by name. `Debug` redacts, there is no `Display` and no `Serialize`, memory is
//! overwritten on drop, and comparison takes the same time whatever differs.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret: redacted in `Debug`, zeroised on drop, compared in constant time.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value that must not be shown from here on.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The bare value, for the one line that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Whether something presented by somebody else is this secret, in constant time.
    pub fn matches(&self, presented: impl AsRef<[u8]>) -> bool {
        equal(self.0.as_ref(), presented.as_ref())
    }
}

/// Both sides are hashed first, because comparing slices directly would tell whether their lengths differ.
fn equal(left: &[u8], right: &[u8]) -> bool {
    Sha256::digest(left).ct_eq(&Sha256::digest(right)).into()
}

impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        equal(self.0.as_ref(), other.0.as_ref())
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret(..),\n)");
    }

    #[test]
    fn equal_values_are_equal_and_others_are_not() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(secret, Secret::new("hunter2".to_owned()));
        assert_ne!(secret, Secret::new("hunter3".to_owned()));
        assert_ne!(secret, Secret::new("hunter22".to_owned()));
        assert!(secret.matches("hunter2"));
        assert!(!secret.matches("hunter"));
        assert!(!secret.matches(""));
    }

    #[test]
    fn a_clone_holds_the_same_secret() {
        let secret = Secret::new(vec![1_u8, 2, 3]);
        assert_eq!(secret.clone(), secret);
        assert_eq!(secret.expose(), &[1, 2, 3]);
    }

    #[test]
    fn dropping_a_secret_overwrites_it() {
        struct Watched(Rc<Cell<bool>>);
        impl Zeroize for Watched {
            fn zeroize(&mut self) {
                self.0.set(true);
            }
        }
        let overwritten = Rc::new(Cell::new(false));
        drop(Secret::new(Watched(Rc::clone(&overwritten))));
        assert!(overwritten.get());
    }
}

//! Chance that is the same every time.

use serde_json::Value;

/// A small generator (xorshift64*), so that a failure is the same failure tomorrow.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub(super) fn text(&mut self, alphabet: &[char], longest: usize) -> String {
        let length = self.below(longest + 1);
        (0..length).map(|_| *self.pick(alphabet)).collect()
    }

    pub(super) fn some(&mut self, from: &[Value], most: usize) -> Vec<Value> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.pick(from).clone()).collect()
    }
}

//! Ids that are the same in every run with the same seed.

use uuid::Uuid;

/// Hands out UUIDs: a `SplitMix64` sequence, which is well spread and needs no randomness.
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> Uuid {
        let wide = (u128::from(self.word()) << 64) | u128::from(self.word());
        uuid::Builder::from_random_bytes(wide.to_be_bytes()).into_uuid()
    }

    fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }
}

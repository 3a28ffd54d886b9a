//! Random draws that are identical on every machine and with every release of the random crate: integers only.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// The purpose of a stream of draws. Streams for different purposes are independent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Who a person is.
    Person,
    /// When a person is terminated.
    Termination,
}

/// The random numbers of one person.
#[derive(Debug)]
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    /// Opens a person's stream, which is a function of the three arguments.
    pub(crate) fn new(seed: u64, number: u32, purpose: Purpose) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&number.to_le_bytes());
        key[12] = purpose as u8;
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Draws a number from 0 to `bound - 1`; 0 if the bound is 0. The bias is below `bound / 2^64`.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let scaled = (u128::from(self.0.next_u64()) * u128::from(bound)) >> 64;
        u32::try_from(scaled).unwrap_or(0)
    }

    /// Draws a number from `low` to `high`, inclusive.
    pub(crate) fn within(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Returns true with this probability, in thousandths.
    pub(crate) fn permille(&mut self, chance: u32) -> bool {
        self.below(1000) < chance
    }

    /// Draws a number below the bound, favoring small ones: the product of two uniform draws.
    pub(crate) fn low_below(&mut self, bound: u32) -> u32 {
        let first = self.below(bound);
        self.below(first + 1)
    }

    /// Draws an item by weight; returns `otherwise` if the table is empty.
    pub(crate) fn pick<T: Copy>(&mut self, weighted: &[(T, u32)], otherwise: T) -> T {
        let mut rest = self.below(weighted.iter().map(|(_, weight)| weight).sum());
        for &(item, weight) in weighted {
            if rest < weight {
                return item;
            }
            rest -= weight;
        }
        otherwise
    }
}

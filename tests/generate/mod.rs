//! Generates kernels and models from bytes; shared by the differential tests and the fuzz targets.
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

pub mod kernels;
pub mod memory;
pub mod models;

/// Bytes to build from: a stream that depends on the seed alone (SplitMix64, Steele et al. 2014).
pub fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    (0..count.div_ceil(8))
        .flat_map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)).to_le_bytes()
        })
        .collect()
}

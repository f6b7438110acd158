//! Philox on several blocks side by side, and columns filled from it. Everything is inlined into the
//! variants of `dispatch`, where the compiler turns the inner loops into vectors.

use super::normal::pair;

/// Blocks side by side; the mapping of elements to blocks depends on it.
pub(super) const LANES: usize = 8;

const LOW: u64 = 0xffff_ffff;
const MULTIPLIERS: [u64; 2] = [0xd251_1f53, 0xcd9e_8d57];
const WEYL: [u64; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// Ten rounds; words of 32 bits, each in 64.
#[inline(always)]
pub(super) fn philox<const N: usize>(counters: [[u64; 4]; N], key: [u64; 2]) -> [[u64; 4]; N] {
    let column = |word: usize| std::array::from_fn(|lane| counters[lane][word]);
    let words = rounds::<N>([column(0), column(1), column(2), column(3)], key);
    std::array::from_fn(|lane| std::array::from_fn(|word| words[word][lane] & LOW))
}

/// The same with the lanes of each word together. The high halves of the words are garbage: a product
/// takes the low half of its factor only, and the last ones are masked by whoever reads them.
#[inline(always)]
fn rounds<const N: usize>([mut a, mut b, mut c, mut d]: [[u64; N]; 4], mut key: [u64; 2]) -> [[u64; N]; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [(key[0] + WEYL[0]) & LOW, (key[1] + WEYL[1]) & LOW];
        }
        for lane in 0..N {
            let one = (a[lane] & LOW) * MULTIPLIERS[0];
            let two = (c[lane] & LOW) * MULTIPLIERS[1];
            a[lane] = two >> 32 ^ b[lane] ^ key[0];
            b[lane] = two;
            c[lane] = one >> 32 ^ d[lane] ^ key[1];
            d[lane] = one;
        }
    }
    [a, b, c, d]
}

/// The words of the eight blocks from `block` on.
#[inline(always)]
fn blocks(counter: [u64; 4], key: [u64; 2], block: usize) -> [[u64; LANES]; 4] {
    let first = std::array::from_fn(|lane| (block + lane) as u64 & LOW);
    rounds([first, [counter[1]; LANES], [counter[2]; LANES], [counter[3]; LANES]], key)
}

/// The highest 52 of 64 random bits as a number in [0, 1).
#[inline(always)]
pub(super) fn fraction(high: u64, low: u64) -> f64 {
    let mantissa = (high << 20 | (low & LOW) >> 12) & ((1 << 52) - 1);
    f64::from_bits(0x3ff << 52 | mantissa) - 1.0
}

/// Uniform numbers of the elements from `first` on, which is a multiple of 16.
#[inline(always)]
pub(super) fn uniform(counter: [u64; 4], key: [u64; 2], first: usize, out: &mut [f64]) {
    for (number, chunk) in out.chunks_mut(2 * LANES).enumerate() {
        let words = blocks(counter, key, first / 2 + number * LANES);
        let mut values = [0.0; 2 * LANES];
        for part in 0..2 {
            for lane in 0..LANES {
                values[part * LANES + lane] = fraction(words[2 * part][lane], words[2 * part + 1][lane]);
            }
        }
        copy(&values, chunk);
    }
}

/// Normal numbers of the elements from `first` on, which is a multiple of 32.
#[inline(always)]
pub(super) fn normal(counter: [u64; 4], key: [u64; 2], first: usize, out: &mut [f64]) {
    for (number, chunk) in out.chunks_mut(4 * LANES).enumerate() {
        let words = blocks(counter, key, first / 4 + number * LANES);
        let mut values = [0.0; 4 * LANES];
        for half in 0..2 {
            let (mut cosine, mut sine) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                (cosine[lane], sine[lane]) = pair(words[2 * half][lane], words[2 * half + 1][lane]);
            }
            values[2 * half * LANES..][..LANES].copy_from_slice(&cosine);
            values[(2 * half + 1) * LANES..][..LANES].copy_from_slice(&sine);
        }
        copy(&values, chunk);
    }
}

/// As many as fit.
#[inline(always)]
fn copy<const N: usize>(values: &[f64; N], chunk: &mut [f64]) {
    match <&mut [f64; N]>::try_from(&mut *chunk) {
        Ok(whole) => *whole = *values,
        Err(_) => chunk.copy_from_slice(&values[..chunk.len()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that its authors publish for Philox 4x32-10.
    #[test]
    fn philox_gives_the_published_answers() {
        let cases: [([u64; 4], [u64; 2], [u64; 4]); 3] = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([LOW; 4], [LOW; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox([counter], key), [expected]);
            assert_eq!(philox([counter; 8], key), [expected; 8]);
        }
    }
}

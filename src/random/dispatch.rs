//! The widest vectors of the machine for filling columns.
//!
//! `unsafe` stands here because code for wider vectors than every machine of the architecture has may
//! only be called where they are there, which is asked at run time. The same code is compiled for each
//! width, and no operation of it depends on the width.
#![allow(unsafe_code, reason = "calls code for vectors that not every machine has, after asking")]

use super::fill;

/// Whether the machine has what the narrower variants are compiled for.
#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Whether it has what the wider ones are compiled for.
#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

macro_rules! variants {
    ($name:ident, $wide:ident, $wider:ident) => {
        /// Fills a column.
        pub(super) fn $name(counter: [u64; 4], key: [u64; 2], first: usize, out: &mut [f64]) {
            #[cfg(target_arch = "x86_64")]
            {
                if has_avx512() {
                    // SAFETY: the machine has what the function is compiled for, as was just asked.
                    return unsafe { $wider(counter, key, first, out) };
                }
                if has_avx2() {
                    // SAFETY: as above.
                    return unsafe { $wide(counter, key, first, out) };
                }
            }
            fill::$name(counter, key, first, out);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn $wide(counter: [u64; 4], key: [u64; 2], first: usize, out: &mut [f64]) {
            fill::$name(counter, key, first, out);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
        fn $wider(counter: [u64; 4], key: [u64; 2], first: usize, out: &mut [f64]) {
            fill::$name(counter, key, first, out);
        }
    };
}

variants!(uniform, uniform_avx2, uniform_avx512);
variants!(normal, normal_avx2, normal_avx512);

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// Every width that this machine has gives the bits of plain code.
    #[test]
    fn all_widths_agree() {
        type Fill = fn([u64; 4], [u64; 2], usize, &mut [f64]);
        type Variant = unsafe fn([u64; 4], [u64; 2], usize, &mut [f64]);
        let (avx2, avx512) = (has_avx2(), has_avx512());
        let cases: [(Fill, [(bool, Variant); 2]); 2] = [
            (fill::uniform, [(avx2, uniform_avx2), (avx512, uniform_avx512)]),
            (fill::normal, [(avx2, normal_avx2), (avx512, normal_avx512)]),
        ];
        for (plain, variants) in cases {
            for length in [0, 1, 7, 8, 31, 32, 33, 1000, 4096] {
                let counter = [0, 17, 3 << 16, 5];
                let mut expected = vec![0.0; length];
                plain(counter, [11, 12], 64, &mut expected);
                for (there, variant) in variants {
                    let mut found = vec![0.0; length];
                    if there {
                        // SAFETY: `there` says that the machine has what the function is compiled for.
                        unsafe { variant(counter, [11, 12], 64, &mut found) };
                        let bits = |list: &[f64]| list.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                        assert_eq!(bits(&found), bits(&expected));
                    }
                }
            }
        }
    }
}

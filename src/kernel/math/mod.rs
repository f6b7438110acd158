//! Spells `exp`, `sin` and their kind in core instructions.
//!
//! Each function is defined once, as a small Rust function over a [`Builder`], for all of its
//! domain: denormal numbers, huge arguments, infinities, NaN and signed zeros included (C99,
//! Annex F). There are no branches, so every path is computed and `select` chooses. Whether a
//! product is rounded before it is added (`mul`, `add`) or not (`fma`) is part of the definition.
//!
//! Polynomial coefficients were computed with Sollya 8.0 (`fpminimax`, double coefficients), the
//! parts of constants with mpmath 1.3. The measured errors in the comments are the largest found
//! against references of 113 bits or more; `docs/numerics.md` says how they were searched.

mod exp;
mod hyperbolic;
mod inverse;
mod log;
mod polynomial;
mod power;
mod reduce;
mod trig;

pub(super) use exp::bernoulli_of_power;

use super::abi::Storage;
use super::{Builder, Inst, Kernel, Math, Type, Value};

/// The bit that is a float's sign.
const SIGN: i64 = i64::MIN;

/// Added to a float of magnitude below 2^51, it rounds it to an integer, ties to even, and leaves
/// that integer in the low bits of the sum.
const ROUNDER: f64 = 6755399441055744.0; // 1.5 * 2^52

/// The same kernel with each [`Inst::Math`] and [`Inst::Power`] spelled in core instructions.
///
/// Other instructions stay as they are, so a kernel without random numbers is core afterwards.
pub fn expand(kernel: &Kernel, storage: &Storage) -> Kernel {
    let mut builder = Builder::new(kernel.name.clone(), storage);
    let mut image: Vec<Value> = Vec::with_capacity(kernel.insts.len());
    for (index, inst) in kernel.insts.iter().enumerate() {
        if index == kernel.prologue {
            builder.begin_body();
        }
        let inst = inst.map(|operand| image[operand.index()]);
        image.push(spell(&mut builder, inst));
    }
    if kernel.prologue == kernel.insts.len() {
        builder.begin_body();
    }
    builder.finish()
}

fn spell(b: &mut Builder, inst: Inst) -> Value {
    match inst {
        Inst::Math(function, x) => definition(function)(b, x),
        Inst::Power(x, y) => power::power(b, x, y),
        _ => b.push(inst),
    }
}

fn definition(function: Math) -> fn(&mut Builder, Value) -> Value {
    match function {
        Math::Exp => exp::exp,
        Math::Expm1 => exp::expm1,
        Math::Exprel => exp::exprel,
        Math::Bernoulli => exp::bernoulli,
        Math::Log => log::log,
        Math::Log1p => log::log1p,
        Math::Log10 => log::log10,
        Math::Sin => trig::sin,
        Math::Cos => trig::cos,
        Math::Tan => trig::tan,
        Math::Arcsin => inverse::arcsin,
        Math::Arccos => inverse::arccos,
        Math::Arctan => inverse::arctan,
        Math::Sinh => hyperbolic::sinh,
        Math::Cosh => hyperbolic::cosh,
        Math::Tanh => hyperbolic::tanh,
    }
}

/// A number as the unevaluated sum of two floats, the second far smaller.
#[derive(Clone, Copy)]
struct Pair {
    high: Value,
    low: Value,
}

/// `a + b` without error where `|a| >= |b|` or `a` is a multiple of `b`'s last bit (Dekker 1971).
fn fast_sum(b: &mut Builder, large: Value, small: Value) -> Pair {
    let high = b.add(large, small);
    let taken = b.sub(large, high);
    Pair { high, low: b.add(taken, small) }
}

/// `x*y` without error, as far as nothing underflows.
fn exact_product(b: &mut Builder, x: Value, y: Value) -> Pair {
    let high = b.mul(x, y);
    let negated = b.negate(high);
    Pair { high, low: b.fma(x, y, negated) }
}

/// A quotient of pairs, to little more than half an ulp.
fn divide(b: &mut Builder, numerator: Pair, divisor: Pair) -> Value {
    let quotient = b.div(numerator.high, divisor.high);
    let negated = b.negate(quotient);
    let rest = b.fma(negated, divisor.high, numerator.high);
    let rest_low = b.fma(negated, divisor.low, numerator.low);
    let rest = b.add(rest, rest_low);
    let correction = b.div(rest, divisor.high);
    b.add(quotient, correction)
}

/// The magnitude of `magnitude`, which is not negative, with the sign of `sign`.
fn with_sign_of(b: &mut Builder, magnitude: Value, sign: Value) -> Value {
    let sign = sign_bit(b, sign);
    flip_sign(b, magnitude, sign)
}

/// The sign bit of a float, all other bits 0.
fn sign_bit(b: &mut Builder, x: Value) -> Value {
    let bits = b.to_bits(x);
    let mask = b.push(if b.type_of(x) == Type::F32 { Inst::Integer32(i32::MIN) } else { Inst::Integer(i64::MIN) });
    b.binary(super::Binary::IntAnd, bits, mask)
}

/// `x` negated where `sign` has the sign bit.
fn flip_sign(b: &mut Builder, x: Value, sign: Value) -> Value {
    let bits = b.to_bits(x);
    let flipped = b.binary(super::Binary::IntXor, bits, sign);
    b.from_bits(flipped)
}

//! Turns a product and the sum that alone uses it into one fused multiply-add.

use super::abi::Storage;
use super::{Binary, Builder, Inst, Kernel, Unary, Value};

/// The kernel with `a*b + c` as `fma(a, b, c)`, rounded once, wherever the product has no other use
/// and stands in the same part. Differences get a negated operand.
pub fn contract(kernel: &Kernel, storage: &Storage) -> Kernel {
    let uses = kernel.uses();
    let mut builder = Builder::new(kernel.name.clone(), storage);
    let mut image: Vec<Value> = Vec::with_capacity(kernel.insts.len());
    for value in kernel.values() {
        if value.index() == kernel.prologue {
            builder.begin_body();
        }
        let product = |operand: Value| match kernel.inst(operand) {
            Inst::Binary(Binary::Multiply, a, b)
                if uses[operand.index()] == 1 && kernel.is_uniform(operand) == kernel.is_uniform(value) =>
            {
                Some((a, b))
            }
            _ => None,
        };
        let at = |operand: Value| image[operand.index()];
        let new = match kernel.inst(value) {
            Inst::Binary(Binary::Add, x, y) => match (product(x), product(y)) {
                (_, Some((a, b))) => builder.fma(at(a), at(b), at(x)),
                (Some((a, b)), None) => builder.fma(at(a), at(b), at(y)),
                (None, None) => builder.add(at(x), at(y)),
            },
            Inst::Binary(Binary::Subtract, x, y) => match (product(x), product(y)) {
                (_, Some((a, b))) => {
                    let negated = builder.unary(Unary::Negate, at(a));
                    builder.fma(negated, at(b), at(x))
                }
                (Some((a, b)), None) => {
                    let negated = builder.unary(Unary::Negate, at(y));
                    builder.fma(at(a), at(b), negated)
                }
                (None, None) => builder.sub(at(x), at(y)),
            },
            inst => builder.push(inst.map(at)),
        };
        image.push(new);
    }
    if kernel.prologue == kernel.insts.len() {
        builder.begin_body();
    }
    builder.finish()
}

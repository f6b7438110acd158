//! What each instruction is in Cranelift, on single numbers or vectors of two.

use super::translate::{Translator, Width};
use crate::kernel::abi::ArrayId;
use crate::kernel::{Binary, Compare, Inst, Shift, Table, Type, Unary, Value};
use cranelift::codegen::ir;
use cranelift::prelude::{FloatCC, FunctionBuilder, InstBuilder, IntCC, MemFlagsData, types};

impl Translator<'_> {
    /// The result of a pure instruction on operands of the current width.
    pub(super) fn compute(&mut self, value: Value, inst: Inst, operands: &[ir::Value]) -> ir::Value {
        match (inst, operands) {
            (Inst::Unary(op, _), &[a]) => self.unary(op, a),
            (Inst::Binary(op, ..), &[a, b]) => self.binary(op, a, b),
            (Inst::Compare(op, x, _), &[a, b]) => self.compare(op, self.kernel.type_of(x), a, b),
            (Inst::Shift(op, _, amount), &[a]) => self.shift(op, a, amount),
            (Inst::Fma(..), &[a, b, c]) => self.builder.ins().fma(a, b, c),
            (Inst::Select(..), &[condition, a, b]) => self.select(self.kernel.type_of(value), condition, a, b),
            (Inst::Table(table, _), &[a]) => self.table(table, a),
            (Inst::Lookup(array, _), &[a]) => self.lookup(array, a),
            _ => panic!("bug: {inst:?} is not a core instruction"),
        }
    }

    fn unary(&mut self, op: Unary, a: ir::Value) -> ir::Value {
        match op {
            Unary::Negate => self.flip_sign(a),
            Unary::Abs => self.clear_sign(a),
            Unary::Sqrt => self.builder.ins().sqrt(a),
            Unary::Floor => self.builder.ins().floor(a),
            Unary::Ceil => self.builder.ins().ceil(a),
            Unary::Trunc => self.builder.ins().trunc(a),
            Unary::Nearest => self.builder.ins().nearest(a),
            Unary::ToFloat => {
                let ty = self.float_type();
                self.builder.ins().fcvt_from_sint(ty, a)
            }
            Unary::ToInteger => {
                self.per_lane(a, types::F64, |builder, lane| builder.ins().fcvt_to_sint_sat(types::I64, lane))
            }
            Unary::FromBool if self.lanes == Width::One => self.builder.ins().uextend(types::I64, a),
            Unary::FromBool => {
                let one = self.pool_load(types::I64X2, [1; 2]);
                self.builder.ins().band(a, one)
            }
            Unary::ToBits if self.is(a, types::F32) => self.cast(types::I32, a),
            Unary::FromBits if self.is(a, types::I32) => self.cast(types::F32, a),
            Unary::ToBits => self.cast(self.int_type(), a),
            Unary::FromBits => self.cast(self.float_type(), a),
            Unary::Narrow => self.builder.ins().fdemote(types::F32, a),
            Unary::Widen => self.builder.ins().fpromote(types::F64, a),
            Unary::Not if self.lanes == Width::One => self.builder.ins().bxor_imm_u(a, 1),
            Unary::Not => self.builder.ins().bnot(a),
        }
    }

    fn is(&self, a: ir::Value, ty: ir::Type) -> bool {
        self.builder.func.dfg.value_type(a) == ty
    }

    fn float_type(&self) -> ir::Type {
        if self.lanes == Width::One { types::F64 } else { types::F64X2 }
    }

    fn int_type(&self) -> ir::Type {
        if self.lanes == Width::One { types::I64 } else { types::I64X2 }
    }

    fn cast(&mut self, ty: ir::Type, a: ir::Value) -> ir::Value {
        self.builder.ins().bitcast(ty, MemFlagsData::new(), a)
    }

    fn flip_sign(&mut self, a: ir::Value) -> ir::Value {
        if self.lanes == Width::One {
            return self.builder.ins().fneg(a);
        }
        let sign = self.pool_load(types::F64X2, [1 << 63; 2]);
        self.builder.ins().bxor(a, sign)
    }

    fn clear_sign(&mut self, a: ir::Value) -> ir::Value {
        if self.lanes == Width::One {
            return self.builder.ins().fabs(a);
        }
        let rest = self.pool_load(types::F64X2, [!(1 << 63); 2]);
        self.builder.ins().band(a, rest)
    }

    fn binary(&mut self, op: Binary, a: ir::Value, b: ir::Value) -> ir::Value {
        let ins = self.builder.ins();
        match op {
            Binary::Add => ins.fadd(a, b),
            Binary::Subtract => ins.fsub(a, b),
            Binary::Multiply => ins.fmul(a, b),
            Binary::Divide => ins.fdiv(a, b),
            Binary::Min => {
                let less = ins.fcmp(FloatCC::LessThan, a, b);
                self.select(Some(Type::F64), less, a, b)
            }
            Binary::Max => {
                let less = ins.fcmp(FloatCC::LessThan, b, a);
                self.select(Some(Type::F64), less, a, b)
            }
            Binary::IntAdd => ins.iadd(a, b),
            Binary::IntSubtract => ins.isub(a, b),
            Binary::IntMultiply => ins.imul(a, b),
            Binary::IntFloorDivide => self.per_lane_pair(a, b, |builder, i, j| floor_divide(builder, i, j).0),
            Binary::IntRemainder => self.per_lane_pair(a, b, |builder, i, j| floor_divide(builder, i, j).1),
            Binary::IntAnd | Binary::And => ins.band(a, b),
            Binary::IntOr | Binary::Or => ins.bor(a, b),
            Binary::IntXor | Binary::Xor => ins.bxor(a, b),
        }
    }

    fn compare(&mut self, op: Compare, ty: Option<Type>, a: ir::Value, b: ir::Value) -> ir::Value {
        if ty.is_some_and(Type::is_float) {
            let condition = match op {
                Compare::Equal => FloatCC::Equal,
                Compare::NotEqual => FloatCC::NotEqual,
                Compare::Less => FloatCC::LessThan,
                Compare::LessEqual => FloatCC::LessThanOrEqual,
            };
            return self.builder.ins().fcmp(condition, a, b);
        }
        let condition = match op {
            Compare::Equal => IntCC::Equal,
            Compare::NotEqual => IntCC::NotEqual,
            Compare::Less => IntCC::SignedLessThan,
            Compare::LessEqual => IntCC::SignedLessThanOrEqual,
        };
        self.builder.ins().icmp(condition, a, b)
    }

    fn shift(&mut self, op: Shift, a: ir::Value, amount: u8) -> ir::Value {
        let amount = i64::from(amount);
        let amount = self.builder.ins().iconst(types::I64, amount);
        match op {
            Shift::Left => self.builder.ins().ishl(a, amount),
            Shift::Right => self.builder.ins().ushr(a, amount),
            Shift::RightSigned => self.builder.ins().sshr(a, amount),
        }
    }

    fn select(&mut self, ty: Option<Type>, condition: ir::Value, a: ir::Value, b: ir::Value) -> ir::Value {
        if self.lanes == Width::One {
            return self.builder.ins().select(condition, a, b);
        }
        let mask = if ty == Some(Type::F64) { self.cast(types::F64X2, condition) } else { condition };
        self.builder.ins().bitselect(mask, a, b)
    }

    /// Reads a table, one lane after the other.
    fn table(&mut self, table: Table, index: ir::Value) -> ir::Value {
        let offset = self.pool.table(table);
        let base = self.pool_base;
        self.per_lane(index, types::I64, |builder, lane| entry(builder, (base, offset), table.0.len(), lane))
    }

    /// Reads an array, one lane after the other. Its address is a constant of the code, which keeps it.
    fn lookup(&mut self, array: ArrayId, index: ir::Value) -> ir::Value {
        let values = self.layout.storage().array_slot(array).values.clone();
        let address = i64::try_from(values.as_ptr().addr()).unwrap_or(i64::MAX);
        let words = self.per_lane(index, types::I64, |builder, lane| {
            let base = builder.ins().iconst(types::I64, address);
            entry(builder, (base, 0), values.len(), lane)
        });
        self.cast(self.float_type(), words)
    }

    /// Applies a scalar operation with an integer result to each lane.
    fn per_lane(
        &mut self,
        a: ir::Value,
        lane_type: ir::Type,
        f: impl Fn(&mut FunctionBuilder<'_>, ir::Value) -> ir::Value,
    ) -> ir::Value {
        if self.lanes == Width::One {
            return f(&mut self.builder, a);
        }
        debug_assert_eq!(self.builder.func.dfg.value_type(a).lane_type(), lane_type);
        let lanes = [0u8, 1].map(|lane| {
            let scalar = self.builder.ins().extractlane(a, lane);
            f(&mut self.builder, scalar)
        });
        self.join(lanes)
    }

    fn per_lane_pair(
        &mut self,
        a: ir::Value,
        b: ir::Value,
        f: impl Fn(&mut FunctionBuilder<'_>, ir::Value, ir::Value) -> ir::Value,
    ) -> ir::Value {
        if self.lanes == Width::One {
            return f(&mut self.builder, a, b);
        }
        let lanes = [0u8, 1].map(|lane| {
            let (i, j) = (self.builder.ins().extractlane(a, lane), self.builder.ins().extractlane(b, lane));
            f(&mut self.builder, i, j)
        });
        self.join(lanes)
    }
}

/// Quotient rounded towards minus infinity and remainder with the sign of the divisor; 0 and 0 for a
/// divisor of 0. The machine traps on 0 and on the smallest number by -1, so that both divide by 1.
fn floor_divide(builder: &mut FunctionBuilder<'_>, i: ir::Value, j: ir::Value) -> (ir::Value, ir::Value) {
    let (zero, one) = (builder.ins().iconst(types::I64, 0), builder.ins().iconst(types::I64, 1));
    let by_zero = builder.ins().icmp_imm_s(IntCC::Equal, j, 0);
    let by_minus = builder.ins().icmp_imm_s(IntCC::Equal, j, -1);
    let unsafe_divisor = builder.ins().bor(by_zero, by_minus);
    let divisor = builder.ins().select(unsafe_divisor, one, j);
    let quotient = builder.ins().sdiv(i, divisor);
    let product = builder.ins().imul(quotient, divisor);
    let rest = builder.ins().isub(i, product);
    let inexact = builder.ins().icmp_imm_s(IntCC::NotEqual, rest, 0);
    let signs = builder.ins().bxor(i, divisor);
    let opposite = builder.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
    let down = builder.ins().band(inexact, opposite);
    let down = builder.ins().uextend(types::I64, down);
    let floor = builder.ins().isub(quotient, down);
    let negated = builder.ins().isub(zero, i);
    let floor = builder.ins().select(by_minus, negated, floor);
    let floor = builder.ins().select(by_zero, zero, floor);
    let product = builder.ins().imul(floor, j);
    let rest = builder.ins().isub(i, product);
    (floor, builder.ins().select(by_zero, zero, rest))
}

/// One of `count` words from an address on; an index outside is clamped.
fn entry(builder: &mut FunctionBuilder, (base, offset): (ir::Value, i32), count: usize, index: ir::Value) -> ir::Value {
    let last = i64::try_from(count.saturating_sub(1)).unwrap_or(i64::MAX);
    let zero = builder.ins().iconst(types::I64, 0);
    let last = builder.ins().iconst(types::I64, last);
    let raised = builder.ins().smax(index, zero);
    let clamped = builder.ins().smin(raised, last);
    let bytes = builder.ins().ishl_imm_u(clamped, 3);
    let address = builder.ins().iadd(base, bytes);
    builder.ins().load(types::I64, super::translate::unaligned(), address, offset)
}

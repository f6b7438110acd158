//! Regroups sums and products so that what is constant over a run, or the same for all elements,
//! stands together and can be hoisted. Part of `fast` math only.
//!
//! - A product `a*x/b*y` becomes `(a/b) * (x*y)`, where `a/b` is constant over a run: a division
//!   per element and tick turns into one per run. What is divided by several varying numbers is
//!   divided by their product.
//! - A division by `exprel(x)` becomes a multiplication by its reciprocal, which costs no division
//!   more than `exprel` itself.
//! - A sum `a + x - b + y` becomes `(x + y) + (a - b)`.
//! - A product of one varying factor `k*(a ± x)` becomes `k*a ± k*x`, which is one `fma`, where k and
//!   a are known numbers and the product is an argument of a function that is smooth everywhere, such
//!   as `exp`. With k from a parameter, `k*a ± k*x` would be NaN where that is infinite; and where
//!   `a ± x` is exactly zero, as it is at rest, `sqrt` and comparisons would see a residue.
//!
//! Each is an identity of real numbers that keeps infinities and NaNs as long as no intermediate
//! product overflows; roundings and the sign of a zero may differ. The error is that of one more
//! rounding per factor or term.

use super::abi::{Storage, Varies};
use super::split::{Class, classes};
use super::{Binary, Builder, Inst, Kernel, Math, Type, Unary, Value};

/// The kernel with regrouped sums and products; takes a kernel that is all body.
pub fn reassociate(kernel: &Kernel, storage: &Storage) -> Kernel {
    let uses = kernel.uses();
    let classes = classes(kernel, storage);
    let builder = Builder::unrounded(kernel.name.clone(), storage);
    let families = kernel.values().map(|value| family(kernel, &classes, value)).collect();
    let count = kernel.insts.len();
    let (smooth, image, sums) = (smooth(kernel), vec![Value(0); count], vec![None; count]);
    let mut pass = Pass { kernel, classes, families, builder, uses, smooth, image, sums };
    let interior = pass.interior();
    for value in kernel.values() {
        if interior[value.index()] {
            continue;
        }
        pass.image[value.index()] = match pass.families[value.index()] {
            Some(Family::Sum) => pass.sum(value),
            Some(Family::Product) => pass.product(value),
            None => {
                let image = &pass.image;
                let inst = kernel.inst(value).map(|operand| image[operand.index()]);
                pass.builder.push(inst)
            }
        };
    }
    pass.builder.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Sum,
    Product,
}

/// A sum as `fixed ± rest`, in the new kernel.
#[derive(Clone, Copy)]
struct Sum {
    fixed: Option<Value>,
    negative: bool,
    rest: Value,
}

struct Pass<'a> {
    kernel: &'a Kernel,
    classes: Vec<Class>,
    families: Vec<Option<Family>>,
    builder: Builder<'a>,
    uses: Vec<u32>,
    smooth: Vec<bool>,
    image: Vec<Value>,
    sums: Vec<Option<Sum>>,
}

/// Which kind of tree an instruction belongs to. What is constant over a run belongs to none: it is
/// hoisted as it stands. A negation counts as a sum of one term.
fn family(kernel: &Kernel, classes: &[Class], value: Value) -> Option<Family> {
    if classes[value.index()].varies == Varies::Runs || !kernel.type_of(value).is_some_and(Type::is_float) {
        return None;
    }
    match kernel.inst(value) {
        Inst::Binary(Binary::Add | Binary::Subtract, ..) | Inst::Unary(Unary::Negate, _) => Some(Family::Sum),
        Inst::Binary(Binary::Multiply | Binary::Divide, ..) => Some(Family::Product),
        _ => None,
    }
}

/// Whether only functions that turn a small error of their argument into a small error of their value
/// use each value.
fn smooth(kernel: &Kernel) -> Vec<bool> {
    let mut smooth = vec![true; kernel.insts.len()];
    for inst in &kernel.insts {
        let is_smooth =
            matches!(inst, Inst::Math(Math::Exp | Math::Exprel | Math::Sin | Math::Cos | Math::Cosh | Math::Arctan, _));
        inst.operands().for_each(|operand| smooth[operand.index()] &= is_smooth);
    }
    smooth
}

impl Pass<'_> {
    /// The values that are flattened into their only user, which is of the same family.
    fn interior(&self) -> Vec<bool> {
        let mut interior = vec![false; self.kernel.insts.len()];
        for value in self.kernel.values() {
            let Some(family) = self.families[value.index()] else { continue };
            // A divisor is a factor of its own.
            let divides = matches!(self.kernel.inst(value), Inst::Binary(Binary::Divide, ..));
            for operand in self.kernel.inst(value).operands().take(if divides { 1 } else { 2 }) {
                let same = self.families[operand.index()] == Some(family);
                // A uniform tree inside one over elements is computed once per tick: leave it whole.
                let alike = self.per_element(operand) == self.per_element(value);
                interior[operand.index()] |= same && alike && self.uses[operand.index()] == 1;
            }
        }
        interior
    }

    fn per_element(&self, value: Value) -> bool {
        self.classes[value.index()].per_element
    }

    /// Whether the old kernel's `value` may stand with what is done less often.
    fn is_fixed(&self, value: Value, per_element: bool) -> bool {
        let class = self.classes[value.index()];
        class.varies == Varies::Runs || (per_element && !class.per_element)
    }

    fn sum(&mut self, root: Value) -> Value {
        let terms = self.terms(root);
        let per_element = self.per_element(root);
        let (fixed, varying): (Vec<_>, Vec<_>) =
            terms.into_iter().partition(|&(term, _)| self.is_fixed(term, per_element));
        let fixed = self.ordered_sum(fixed);
        let Some((rest, negative)) = self.signed_sum(varying, false) else {
            return fixed.unwrap_or_else(|| self.float(root, 0.0));
        };
        let fixed = fixed.filter(|&value| !is_zero(&self.builder, value));
        self.sums[root.index()] = Some(Sum { fixed, negative, rest });
        match (fixed, negative) {
            (None, false) => rest,
            (None, true) => self.builder.negate(rest),
            (Some(fixed), false) => self.builder.add(rest, fixed),
            (Some(fixed), true) => self.builder.sub(fixed, rest),
        }
    }

    /// The leaves of a sum, each with whether it is subtracted, in the order of the text.
    fn terms(&self, root: Value) -> Vec<(Value, bool)> {
        let mut terms = vec![];
        let mut open = vec![(root, false)];
        while let Some((value, negative)) = open.pop() {
            if value != root && !self.flattens(value, root, Family::Sum) {
                terms.push((value, negative));
                continue;
            }
            match self.kernel.inst(value) {
                Inst::Binary(Binary::Subtract, a, b) => open.extend([(b, !negative), (a, negative)]),
                Inst::Unary(Unary::Negate, a) => open.push((a, !negative)),
                inst => {
                    let operands: Vec<_> = inst.operands().map(|operand| (operand, negative)).collect();
                    open.extend(operands.into_iter().rev());
                }
            }
        }
        terms
    }

    fn flattens(&self, value: Value, root: Value, family: Family) -> bool {
        self.families[value.index()] == Some(family)
            && self.uses[value.index()] == 1
            && self.per_element(value) == self.per_element(root)
    }

    /// What is fixed, once per run before once per tick, so that the former can be hoisted.
    fn ordered_sum(&mut self, mut terms: Vec<(Value, bool)>) -> Option<Value> {
        terms.sort_by_key(|&(term, _)| self.classes[term.index()].varies);
        let (sum, negative) = self.signed_sum(terms, true)?;
        Some(if negative { self.negated(sum) } else { sum })
    }

    /// The sum of terms and whether it is to be negated, which it is when every term is negative.
    fn signed_sum(&mut self, terms: Vec<(Value, bool)>, fixed: bool) -> Option<(Value, bool)> {
        let first = terms.iter().position(|&(_, negative)| !negative);
        let start = first.unwrap_or(0);
        let all_negative = first.is_none();
        let mut sum = self.image[terms.get(start)?.0.index()];
        for (position, (term, negative)) in terms.into_iter().enumerate() {
            if position != start {
                let term = self.image[term.index()];
                let op = if negative && !all_negative { Binary::Subtract } else { Binary::Add };
                sum = if fixed { self.fixed(op, sum, term) } else { self.builder.binary(op, sum, term) };
            }
        }
        Some((sum, all_negative))
    }

    fn product(&mut self, root: Value) -> Value {
        let (per_element, mut negative) = (self.per_element(root), false);
        let (mut fixed, mut varying, mut divisors) = (vec![], vec![], vec![]);
        for (factor, inverse) in self.factors(root) {
            match self.sums[factor.index()] {
                _ if self.is_fixed(factor, per_element) => fixed.push((factor, inverse)),
                _ if inverse => match self.kernel.inst(factor) {
                    Inst::Math(Math::Exprel, x) if self.uses[factor.index()] == 1 => {
                        let x = self.image[x.index()];
                        varying.push((self.builder.math(Math::Bernoulli, x), None));
                    }
                    _ => divisors.push(self.image[factor.index()]),
                },
                Some(Sum { fixed: None, negative: true, rest }) => {
                    negative = !negative;
                    varying.push((rest, None));
                }
                sum => {
                    let single = self.uses[factor.index()] == 1;
                    varying.push((self.image[factor.index()], sum.filter(|_| single)));
                }
            }
        }
        let scale = self.scale(fixed, negative);
        let several = varying.len() > 1 || !divisors.is_empty();
        if several && self.kernel.type_of(root) == Some(Type::F32) {
            let varying = varying.into_iter().map(|(value, _)| value).collect();
            return self.product_in_range(root, scale, varying, divisors, negative);
        }
        if let Some(divisor) = divisors.into_iter().reduce(|a, b| self.builder.mul(a, b)) {
            let above = varying.into_iter().map(|(value, _)| value).reduce(|a, b| self.builder.mul(a, b));
            let above = self.scaled(root, scale, above, negative);
            return self.builder.div(above, divisor);
        }
        match (scale, varying.as_slice()) {
            (Some(scale), &[(_, Some(Sum { fixed: Some(fixed), negative, rest }))])
                if self.smooth[root.index()] && self.is_finite(scale) && self.is_finite(fixed) =>
            {
                let (constant, scaled) = (self.fixed(Binary::Multiply, scale, fixed), self.builder.mul(scale, rest));
                if negative { self.builder.sub(constant, scaled) } else { self.builder.add(scaled, constant) }
            }
            (scale, varying) => {
                let rest = varying.iter().map(|&(value, _)| value).reduce(|a, b| self.builder.mul(a, b));
                self.scaled(root, scale, rest, negative)
            }
        }
    }

    /// The same of 32-bit floats, whose range is soon left in SI units: what varies is not put together before it is
    /// scaled, nor are divisors.
    fn product_in_range(
        &mut self,
        root: Value,
        scale: Option<Value>,
        varying: Vec<Value>,
        divisors: Vec<Value>,
        negative: bool,
    ) -> Value {
        let unscaled = scale.is_none();
        let above = scale.into_iter().chain(varying).reduce(|a, b| self.builder.mul(a, b));
        let above = match above {
            Some(above) if negative && unscaled => self.builder.negate(above),
            Some(above) => above,
            None => self.float(root, if negative { -1.0 } else { 1.0 }),
        };
        divisors.into_iter().fold(above, |above, divisor| self.builder.div(above, divisor))
    }

    /// Whether `value` is a number that is known and neither infinite nor NaN.
    fn is_finite(&self, value: Value) -> bool {
        self.builder.number(value).is_some_and(f64::is_finite)
    }

    /// An operation on what is fixed; what is rounded to 32 bits is rounded after it.
    fn fixed(&mut self, op: Binary, a: Value, b: Value) -> Value {
        match (self.builder.before_rounding(a), self.builder.before_rounding(b)) {
            (Some(a), Some(b)) => {
                let exact = self.builder.binary(op, a, b);
                self.builder.unary(Unary::Narrow, exact)
            }
            _ => self.builder.binary(op, a, b),
        }
    }

    fn negated(&mut self, a: Value) -> Value {
        match self.builder.before_rounding(a) {
            Some(wide) => {
                let exact = self.builder.negate(wide);
                self.builder.unary(Unary::Narrow, exact)
            }
            None => self.builder.negate(a),
        }
    }

    /// A constant of the type of the old kernel's `like`.
    fn float(&mut self, like: Value, value: f64) -> Value {
        self.builder.float_of(self.kernel.type_of(like).unwrap_or(Type::F64), value)
    }

    fn scaled(&mut self, root: Value, scale: Option<Value>, rest: Option<Value>, negative: bool) -> Value {
        match (scale, rest) {
            (Some(scale), Some(rest)) => self.builder.mul(scale, rest),
            (Some(scale), None) => scale,
            (None, Some(rest)) if negative => self.builder.negate(rest),
            (None, Some(rest)) => rest,
            (None, None) => self.float(root, if negative { -1.0 } else { 1.0 }),
        }
    }

    /// The leaves of a product, each with whether it divides, in the order of the text.
    fn factors(&self, root: Value) -> Vec<(Value, bool)> {
        let mut factors = vec![];
        let mut open = vec![(root, false)];
        while let Some((value, inverse)) = open.pop() {
            let inner = value == root || (!inverse && self.flattens(value, root, Family::Product));
            match self.kernel.inst(value) {
                Inst::Binary(Binary::Multiply, a, b) if inner => open.extend([(b, inverse), (a, inverse)]),
                Inst::Binary(Binary::Divide, a, b) if inner => open.extend([(b, !inverse), (a, inverse)]),
                _ => factors.push((value, inverse)),
            }
        }
        factors
    }

    /// The product of what is fixed over that by which it is divided, negated if asked; once per run
    /// before once per tick. `None` where there is nothing to multiply by.
    fn scale(&mut self, mut factors: Vec<(Value, bool)>, negative: bool) -> Option<Value> {
        factors.sort_by_key(|&(factor, _)| self.classes[factor.index()].varies);
        let mut scale = None;
        for varies in [Varies::Runs, Varies::Ticks] {
            let part = |inverse| {
                let chosen = factors.iter().filter(move |factor| factor.1 == inverse);
                chosen.filter(|factor| self.classes[factor.0.index()].varies == varies).map(|factor| factor.0)
            };
            let (above, below): (Vec<_>, Vec<_>) = (part(false).collect(), part(true).collect());
            let quotient = self.quotient(&above, &below);
            scale = match (scale, quotient) {
                (Some(scale), Some(quotient)) => Some(self.fixed(Binary::Multiply, scale, quotient)),
                (scale, quotient) => scale.or(quotient),
            };
        }
        let scale = scale?;
        Some(if negative { self.negated(scale) } else { scale })
    }

    fn quotient(&mut self, above: &[Value], below: &[Value]) -> Option<Value> {
        let [above, below] = [above, below].map(|values| {
            let values: Vec<Value> = values.iter().map(|value| self.image[value.index()]).collect();
            values.into_iter().reduce(|a, b| self.fixed(Binary::Multiply, a, b))
        });
        match (above, below) {
            (above, None) => above,
            (None, Some(below)) => {
                let one = self.builder.float(1.0);
                let one =
                    if self.builder.type_of(below) == Type::F32 { self.builder.unary(Unary::Narrow, one) } else { one };
                Some(self.fixed(Binary::Divide, one, below))
            }
            (Some(above), Some(below)) => Some(self.fixed(Binary::Divide, above, below)),
        }
    }
}

fn is_zero(builder: &Builder<'_>, value: Value) -> bool {
    builder.number(value) == Some(0.0)
}

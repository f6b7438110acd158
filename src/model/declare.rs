//! Turns a block of equations into variables: units after the colon, flags, and what defines each.

use rustc_hash::{FxHashMap, FxHashSet};

use super::assign::convert;
use super::check::{self, Value};
use super::exact::Fraction;
use super::mistake;
use super::resolve::{Scope, is_noise, reserved};
use super::{Builtin, Constants, Role, Variable};
use crate::algebra::{ExprId, Function, Kind, Pool, Symbol};
use crate::diagnostic::Report;
use crate::dimension::{Dimension, Ratio, declared_unit};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Equation, EquationKind, Expr, Group, Ident, Node, NodeId, UnaryOp};

/// The variables of a group.
pub(super) struct Declared {
    pub(super) variables: Vec<Variable>,
    pub(super) doubts: Doubts,
}

/// What of a group was a mistake and has been said, so that nothing that follows from it is.
#[derive(Clone, Default)]
pub(super) struct Doubts {
    /// By symbol: whether the declared unit was a mistake.
    pub(super) units: Vec<bool>,
    /// Names that mean nothing.
    pub(super) unknown: FxHashSet<String>,
}

/// Declares every name, then checks what defines it; names may be used before they are defined.
pub(super) fn equations(group: &Group, constants: &Constants, pool: &mut Pool, report: &mut Report) -> Declared {
    let (mut declared, owners) = declare(group, pool, report);
    for variable in &declared.variables {
        if let Some(constant) = constants.find(&variable.name) {
            report.push(mistake::shadowed_constant(variable, constants.list[constant].span));
        }
    }
    let circular = circles(group, &declared, &owners, report);
    let mut scope = Scope::of_group(&group.name.name, &declared.variables, constants, pool);
    scope.doubt(&declared.doubts);
    scope.noise = true;
    let values: Vec<Option<ExprId>> = (group.equations.list.iter().zip(&owners).enumerate())
        .map(|(index, (equation, &owner))| {
            let doubtful = scope.is_doubtful(owner) || circular.contains(&index);
            define(equation, owner, doubtful, &mut scope, pool, report)
        })
        .collect();
    declared.doubts.unknown = scope.unknown;
    for (&owner, value) in owners.iter().zip(values) {
        let Some(value) = value else { continue };
        complete(&mut declared.variables[owner.index()].role, value);
    }
    declared
}

/// Every name with its unit and flags; for each equation the variable that it declares, or for a
/// duplicate the variable that was first.
fn declare(group: &Group, pool: &mut Pool, report: &mut Report) -> (Declared, Vec<Symbol>) {
    let doubts = Doubts { units: vec![false; Builtin::ALL.len()], ..Doubts::default() };
    let mut declared = Declared { variables: builtins(group.name.span), doubts };
    let mut owners = vec![];
    let mut first: FxHashMap<&str, Symbol> = FxHashMap::default();
    let nothing = pool.float(f64::NAN);
    for equation in &group.equations.list {
        let name = equation.name.name.as_str();
        if let Some(reason) = reserved(name) {
            report.push(mistake::reserved_name(&equation.name, &reason));
        }
        let (kind, dimension) = unit(equation, report);
        let variable = variable(equation, kind, dimension, nothing, !group.refractory.is_empty(), report);
        if let Some(&owner) = first.get(name) {
            let earlier = declared.variables[owner.index()].span;
            report.push(mistake::duplicate("variable", &equation.name, earlier));
            owners.push(owner);
            continue;
        }
        let owner = Symbol(u32::try_from(declared.variables.len()).unwrap_or(u32::MAX));
        first.insert(name, owner);
        owners.push(owner);
        declared.variables.push(variable);
        declared.doubts.units.push(dimension.is_none());
    }
    for variable in extra(group, nothing, report) {
        if let Some(&owner) = first.get(variable.name.as_str()) {
            let name = Ident { name: variable.name, span: declared.variables[owner.index()].span };
            report.push(mistake::duplicate("variable", &name, variable.span));
            continue;
        }
        declared.variables.push(variable);
        declared.doubts.units.push(false);
    }
    spread_noise(group, &mut declared.variables);
    (declared, owners)
}

/// What a group has besides its equations, because its text names or needs it.
fn extra(group: &Group, nothing: ExprId, report: &mut Report) -> Vec<Variable> {
    let span = group.name.span;
    let variable = |name: &str, kind, dimension, role, span| Variable {
        name: name.to_owned(),
        kind,
        dimension,
        role,
        shared: false,
        constant: false,
        unless_refractory: false,
        noisy: role == Role::Noise,
        span,
    };
    let root = Dimension::FREQUENCY.power(Ratio::HALF).unwrap_or(Dimension::FREQUENCY);
    let mut list: Vec<Variable> = noise(group, report)
        .into_iter()
        .map(|(name, span)| variable(name, Kind::Float, root, Role::Noise, span))
        .collect();
    if !group.refractory.is_empty() {
        list.push(variable("lastspike", Kind::Float, Dimension::TIME, Role::LastSpike, span));
        list.push(variable("not_refractory", Kind::Boolean, Dimension::DIMENSIONLESS, Role::NotRefractory, span));
        list.push(variable("tick of last spike", Kind::Integer, Dimension::DIMENSIONLESS, Role::LastTick, span));
    }
    if let Some(rate) = group.poisson.first() {
        let role = Role::Subexpression { value: nothing, constant_over_dt: false };
        list.push(variable("rates", Kind::Float, Dimension::FREQUENCY, role, rate.span));
    }
    list
}

/// The names of white noise in the equations, each once, in alphabetical order, which decides
/// nothing but the order of their streams. The plain `xi` may stand in one equation only: in two it
/// would be one draw, or two, and readers would not agree which.
fn noise<'a>(group: &'a Group, report: &mut Report) -> Vec<(&'a str, Span)> {
    let mut found: Vec<(&str, Span)> = vec![];
    let mut plain: Option<Span> = None;
    for equation in &group.equations.list {
        let (EquationKind::Differential(expr) | EquationKind::Subexpression(expr)) = &equation.kind else { continue };
        let places = expr.nodes.iter().zip(&expr.spans);
        let names = places.filter_map(|(node, &span)| match node {
            Node::Name(name) if is_noise(name) => Some((name.as_str(), span)),
            _ => None,
        });
        let names: Vec<(&str, Span)> = names.collect();
        if let Some(&(_, span)) = names.iter().find(|(name, _)| *name == "xi") {
            match plain {
                Some(earlier) => report.push(mistake::noise_in_two_equations(span, earlier)),
                None => plain = Some(span),
            }
        }
        for (name, span) in names {
            if found.iter().all(|(known, _)| *known != name) {
                found.push((name, span));
            }
        }
    }
    found.sort_unstable_by_key(|&(name, _)| name);
    found
}

/// Marks the subexpressions that are computed from noise.
fn spread_noise(group: &Group, variables: &mut [Variable]) {
    let mut noisy: FxHashSet<String> =
        variables.iter().filter(|variable| variable.noisy).map(|variable| variable.name.clone()).collect();
    if noisy.is_empty() {
        return;
    }
    loop {
        let before = noisy.len();
        for equation in &group.equations.list {
            if let EquationKind::Subexpression(expr) = &equation.kind
                && names_in(expr).into_iter().any(|name| noisy.contains(name))
            {
                noisy.insert(equation.name.name.clone());
            }
        }
        if noisy.len() == before {
            break;
        }
    }
    for variable in variables.iter_mut() {
        variable.noisy |= matches!(variable.role, Role::Subexpression { .. }) && noisy.contains(&variable.name);
    }
}

fn builtins(span: Span) -> Vec<Variable> {
    let variable = |builtin: Builtin| {
        let (kind, dimension) = match builtin {
            Builtin::Time | Builtin::Dt => (Kind::Float, Dimension::TIME),
            Builtin::Tick | Builtin::Index | Builtin::Size => (Kind::Integer, Dimension::DIMENSIONLESS),
        };
        Variable {
            name: builtin.name().to_owned(),
            kind,
            dimension,
            role: Role::Builtin(builtin),
            shared: builtin != Builtin::Index,
            constant: false,
            unless_refractory: false,
            noisy: false,
            span,
        }
    };
    Builtin::ALL.map(variable).to_vec()
}

fn variable(
    equation: &Equation,
    kind: Kind,
    dimension: Option<Dimension>,
    nothing: ExprId,
    refractory: bool,
    report: &mut Report,
) -> Variable {
    let flags = flags(equation, refractory, report);
    let has = |flag| flags.contains(&flag);
    let role = match equation.kind {
        EquationKind::Differential(_) => Role::State { derivative: nothing },
        EquationKind::Parameter => Role::Parameter,
        EquationKind::Subexpression(_) => {
            Role::Subexpression { value: nothing, constant_over_dt: has("constant over dt") }
        }
    };
    Variable {
        name: equation.name.name.clone(),
        kind,
        dimension: dimension.unwrap_or(Dimension::DIMENSIONLESS),
        role,
        shared: has("shared"),
        constant: has("constant"),
        unless_refractory: has("unless refractory") && refractory,
        noisy: false,
        span: place(equation),
    }
}

/// Where a variable is defined, for messages about what defines it.
fn place(equation: &Equation) -> Span {
    match equation.kind {
        EquationKind::Differential(_) => equation.span,
        EquationKind::Subexpression(_) | EquationKind::Parameter => equation.name.span,
    }
}

/// The flags that a kind of equation may bear in a group.
fn allowed(kind: &EquationKind) -> &'static [&'static str] {
    match kind {
        EquationKind::Differential(_) => &["unless refractory"],
        EquationKind::Parameter => &["constant", "shared"],
        EquationKind::Subexpression(_) => &["shared", "constant over dt"],
    }
}

/// The flags that an equation bears with right.
fn flags<'a>(equation: &'a Equation, refractory: bool, report: &mut Report) -> Vec<&'a str> {
    let allowed = allowed(&equation.kind);
    let mut flags: Vec<&str> = vec![];
    for flag in &equation.flags {
        if !allowed.contains(&flag.name.as_str()) {
            report.push(mistake::flag(flag, equation, allowed));
        } else if flags.contains(&flag.name.as_str()) {
            report.push(mistake::flag_twice(flag));
        } else {
            if flag.name == "unless refractory" && !refractory {
                report.push(mistake::flag_without_effect(flag));
            }
            flags.push(&flag.name);
        }
    }
    flags
}

/// The kind and dimension after the colon; no dimension after a mistake.
fn unit(equation: &Equation, report: &mut Report) -> (Kind, Option<Dimension>) {
    let differential = matches!(equation.kind, EquationKind::Differential(_));
    let kind = match equation.unit.nodes.as_slice() {
        [Node::Name(name)] if name == "integer" => Kind::Integer,
        [Node::Name(name)] if name == "boolean" => Kind::Boolean,
        _ => return (Kind::Float, declared_dimension(&equation.unit, report)),
    };
    if differential {
        report.push(mistake::differential_not_float(equation));
        return (Kind::Float, None);
    }
    (kind, Some(Dimension::DIMENSIONLESS))
}

/// One node of a unit after the colon.
#[derive(Clone, Copy)]
enum Part {
    Number(Fraction),
    Unit(Dimension),
    Mistaken,
}

/// Reads `siemens/metre**2`: only products, quotients and powers of base units, and 1.
fn declared_dimension(expr: &Expr, report: &mut Report) -> Option<Dimension> {
    let mut parts: Vec<Part> = Vec::with_capacity(expr.nodes.len());
    for (node, &span) in expr.nodes.iter().zip(&expr.spans) {
        let part = part(node, span, &parts, report);
        parts.push(part);
    }
    match parts.last()? {
        Part::Unit(dimension) => Some(*dimension),
        Part::Number(number) if *number == Fraction::whole(1) && is_plain(expr) => Some(Dimension::DIMENSIONLESS),
        Part::Number(_) => {
            report.push(mistake::number_as_unit(expr.span()));
            None
        }
        Part::Mistaken => None,
    }
}

/// Whether the number is written `1`, not `1.0`.
fn is_plain(expr: &Expr) -> bool {
    !expr.nodes.iter().any(|node| matches!(node, Node::Float(_)))
}

fn part(node: &Node, span: Span, parts: &[Part], report: &mut Report) -> Part {
    let at = |node: &NodeId| parts[node.0 as usize];
    let result = match node {
        Node::Integer(number) => Some(Part::Number(Fraction::whole(*number))),
        Node::Float(number) => Fraction::shortest(*number).map(Part::Number),
        Node::Name(name) => match declared_unit(name) {
            Some(unit) => Some(Part::Unit(unit.dimension)),
            None => {
                report.push(mistake::declared_unit(name, span));
                return Part::Mistaken;
            }
        },
        Node::Unary(UnaryOp::Negate, a) => match at(a) {
            Part::Number(number) => number.negate().map(Part::Number),
            Part::Unit(_) => None,
            Part::Mistaken => return Part::Mistaken,
        },
        Node::Binary(op, a, b) => match (at(a), at(b)) {
            (Part::Mistaken, _) | (_, Part::Mistaken) => return Part::Mistaken,
            (a, b) => combine(*op, a, b),
        },
        Node::Boolean(_) | Node::Unary(..) | Node::Call(..) => None,
    };
    result.unwrap_or_else(|| {
        report.push(mistake::not_a_unit(span));
        Part::Mistaken
    })
}

/// A number may be an exponent, a part of one, or the 1 of `1/second`.
fn combine(op: BinaryOp, a: Part, b: Part) -> Option<Part> {
    let unit = |part: Part| match part {
        Part::Unit(dimension) => Some(dimension),
        Part::Number(number) if number == Fraction::whole(1) => Some(Dimension::DIMENSIONLESS),
        Part::Number(_) | Part::Mistaken => None,
    };
    match (op, a, b) {
        (BinaryOp::Divide, Part::Number(a), Part::Number(b)) => a.over(b).map(Part::Number),
        (BinaryOp::Multiply, Part::Number(a), Part::Number(b)) => a.times(b).map(Part::Number),
        (BinaryOp::Power, Part::Unit(base), Part::Number(exponent)) => {
            exponent.to_ratio().and_then(|ratio| base.power(ratio)).map(Part::Unit)
        }
        (BinaryOp::Multiply, a, b) => unit(a)?.multiply(&unit(b)?).map(Part::Unit),
        (BinaryOp::Divide, a, b) => unit(a)?.divide(&unit(b)?).map(Part::Unit),
        _ => None,
    }
}

/// Checks the right-hand side of an equation; `None` where there is none, or a wrong one. Of what is
/// `doubtful` it is not known what it should measure.
fn define(
    equation: &Equation,
    owner: Symbol,
    doubtful: bool,
    scope: &mut Scope,
    pool: &mut Pool,
    report: &mut Report,
) -> Option<ExprId> {
    let (expr, differential) = match &equation.kind {
        EquationKind::Differential(expr) => (expr, true),
        EquationKind::Subexpression(expr) => (expr, false),
        EquationKind::Parameter => return None,
    };
    let value = check::expression(expr, scope, pool, report);
    let variable = &scope.variables[owner.index()];
    if variable.span != place(equation) {
        return None;
    }
    let mut expected = (!doubtful).then_some(variable.dimension);
    if differential {
        expected = expected.and_then(|dimension| dimension.divide(&Dimension::TIME));
    } else {
        subexpression_rules(equation, expr, variable, scope, report);
    }
    let (found, expected) = value.dimension.zip(expected)?;
    if found != expected {
        let literal = value.exact.and_then(Fraction::to_float);
        let diagnostic = mistake::definition_dimension(equation, expr, found, expected, literal);
        let diagnostic = mistake::suggest_bracket(diagnostic, expr);
        report.push(scope.lone_units.iter().fold(diagnostic, mistake::explain_unit));
        return None;
    }
    kind_fits(equation, expr, value, variable, pool, report).then(|| convert(pool, value.id, variable.kind))
}

/// What a subexpression may use: a shared one only what is shared, a random one must be stored.
fn subexpression_rules(equation: &Equation, expr: &Expr, variable: &Variable, scope: &Scope, report: &mut Report) {
    let stored = matches!(variable.role, Role::Subexpression { constant_over_dt: true, .. });
    if let Some(node) = scope.per_element(expr).filter(|_| variable.shared) {
        report.push(mistake::shared_from_elements(&variable.name, expr.span_of(node), equation.name.span));
    }
    if variable.noisy && stored {
        report.push(mistake::noise_constant_over_dt(&equation.name));
    }
    let random = |node: &Node| matches!(node, Node::Call(name, _) if Function::named(&name.name).is_some_and(Function::is_random));
    if let Some(index) = expr.nodes.iter().position(random).filter(|_| !stored) {
        report.push(mistake::random_subexpression(&equation.name, expr.spans[index]));
    }
}

/// A subexpression is of the declared kind; only an integer may stand for a float.
fn kind_fits(
    equation: &Equation,
    expr: &Expr,
    value: Value,
    variable: &Variable,
    pool: &Pool,
    report: &mut Report,
) -> bool {
    let found = pool.kind(value.id);
    let fits = found == variable.kind || (found == Kind::Integer && variable.kind == Kind::Float);
    if !fits {
        report.push(mistake::definition_kind(equation, expr.span(), found, variable.kind));
    }
    fits
}

fn complete(role: &mut Role, defined: ExprId) {
    match role {
        Role::State { derivative } => *derivative = defined,
        Role::Subexpression { value, .. } => *value = defined,
        Role::Builtin(_)
        | Role::Parameter
        | Role::Noise
        | Role::LastSpike
        | Role::NotRefractory
        | Role::LastTick
        | Role::Temporary => {}
    }
}

/// Reports every circle of subexpressions that define each other; the equations in them.
fn circles(group: &Group, declared: &Declared, owners: &[Symbol], report: &mut Report) -> FxHashSet<usize> {
    let mut members_of_any = FxHashSet::default();
    let mut names: FxHashMap<&str, usize> = FxHashMap::default();
    let mut uses: Vec<Vec<&str>> = vec![vec![]; group.equations.list.len()];
    for (index, (equation, owner)) in group.equations.list.iter().zip(owners).enumerate() {
        let EquationKind::Subexpression(expr) = &equation.kind else { continue };
        if declared.variables[owner.index()].span == place(equation) {
            names.insert(&equation.name.name, index);
            uses[index] = names_in(expr);
        }
    }
    let graph: Vec<Vec<usize>> =
        uses.iter().map(|used| used.iter().filter_map(|name| names.get(name).copied()).collect()).collect();
    for circle in Visit::of(&graph).circles {
        let members: Vec<_> = circle.iter().map(|&index| &group.equations.list[index].name).collect();
        if let Some((first, others)) = members.split_first() {
            report.push(mistake::circle("subexpressions", first, others));
        }
        members_of_any.extend(circle);
    }
    members_of_any
}

/// The names that an expression uses.
pub(super) fn names_in(expr: &Expr) -> Vec<&str> {
    let mut names = vec![];
    for node in &expr.nodes {
        if let Node::Name(name) = node {
            names.push(name.as_str());
        }
    }
    names
}

/// What a walk in depth over a graph finds, without recursion.
#[derive(Default)]
pub(super) struct Visit {
    /// Every circle that the walk closes, each as its members in order.
    pub(super) circles: Vec<Vec<usize>>,
    /// All nodes, each after those that it leads to, circles aside.
    pub(super) order: Vec<usize>,
}

impl Visit {
    pub(super) fn of(graph: &[Vec<usize>]) -> Visit {
        let mut visit = Visit::default();
        let mut done = vec![false; graph.len()];
        let mut depth: Vec<Option<usize>> = vec![None; graph.len()];
        for start in 0..graph.len() {
            if !done[start] {
                visit.from(start, graph, &mut done, &mut depth);
            }
        }
        visit
    }

    fn from(&mut self, start: usize, graph: &[Vec<usize>], done: &mut [bool], depth: &mut [Option<usize>]) {
        let mut path = vec![(start, 0)];
        depth[start] = Some(0);
        while let Some((node, next)) = path.last_mut() {
            let Some(&target) = graph[*node].get(*next) else {
                done[*node] = true;
                depth[*node] = None;
                self.order.push(*node);
                path.pop();
                continue;
            };
            *next += 1;
            match depth[target] {
                Some(from) => self.circles.push(path[from..].iter().map(|&(member, _)| member).collect()),
                None if done[target] => {}
                None => {
                    depth[target] = Some(path.len());
                    path.push((target, 0));
                }
            }
        }
    }
}

/// The names by which an expression divides, and where.
pub(super) fn divisors(expr: &Expr) -> Vec<(&str, Span)> {
    let mut divides = vec![false; expr.nodes.len()];
    let mut found = vec![];
    for index in (0..expr.nodes.len()).rev() {
        let below = divides[index];
        match &expr.nodes[index] {
            Node::Binary(BinaryOp::Divide, a, b) => {
                divides[a.0 as usize] |= below;
                divides[b.0 as usize] = true;
            }
            Node::Binary(BinaryOp::Multiply, a, b) if below => {
                divides[a.0 as usize] = true;
                divides[b.0 as usize] = true;
            }
            Node::Binary(BinaryOp::Power, a, _) | Node::Unary(_, a) if below => divides[a.0 as usize] = true,
            Node::Name(name) if below => found.push((name.as_str(), expr.spans[index])),
            _ => {}
        }
    }
    found.reverse();
    found
}

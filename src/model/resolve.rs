//! What a name means at a place: variable, constant, unit, function, or nothing.

use rustc_hash::{FxHashMap, FxHashSet};

use super::declare::Doubts;
use super::{Builtin, Constants, Role, Variable};
use crate::algebra::{Expr, ExprId, Function, Pool, Symbol};
use crate::dimension::{Dimension, Unit, short_names, unit};
use crate::source::Span;
use crate::syntax::ast;

/// What a name means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// A variable of the group.
    Variable(Symbol),
    /// A constant of the model file, by its place in [`Constants::list`].
    Constant(usize),
    /// `pi`, `e`, `inf`
    Number(f64),
    /// A unit.
    Unit(Unit),
    /// A function, which wants parentheses.
    Function(Function),
    /// A timed array, by its place in [`Constants::timed`]; it wants parentheses.
    Timed(usize),
    /// A name of Brian2's that dvdt does not have yet; why.
    Later(&'static str),
    /// Nothing.
    Unknown,
}

/// A unit that stands where a variable would: not beside a number, nor below a fraction line.
pub(super) struct LoneUnit {
    pub(super) name: String,
    pub(super) dimension: Dimension,
    pub(super) span: Span,
}

/// Where an expression stands: the names it can see.
pub(super) struct Scope<'a> {
    /// The group's name; none outside a group.
    pub(super) group: Option<&'a str>,
    /// The group's variables, by symbol; [`Scope::temporaries`] follow them.
    pub(super) variables: &'a [Variable],
    /// The names that the code so far has made.
    pub(super) temporaries: Vec<Variable>,
    /// Whether noise may stand here.
    pub(super) noise: bool,
    /// Whether the declared unit was a mistake, by symbol; what such a variable measures is not known.
    doubtful: &'a [bool],
    /// The constants of the file.
    pub(super) constants: &'a Constants,
    /// Of the expression that was checked last.
    pub(super) lone_units: Vec<LoneUnit>,
    symbols: FxHashMap<&'a str, Symbol>,
    /// Whether expressions are built in the constants' own pool.
    own_pool: bool,
    /// The names that were complained of.
    pub(super) unknown: FxHashSet<String>,
    imported: FxHashMap<usize, ExprId>,
    streams: i64,
}

/// The streams of initial values begin here, those of noise at twice this.
const FIRST_OF_INIT: i64 = 1 << 22;

impl<'a> Scope<'a> {
    /// Outside of groups: only constants can be seen.
    pub(super) fn of_constants(constants: &'a Constants) -> Self {
        Scope {
            group: None,
            variables: &[],
            temporaries: vec![],
            noise: false,
            doubtful: &[],
            constants,
            lone_units: vec![],
            symbols: FxHashMap::default(),
            own_pool: false,
            unknown: FxHashSet::default(),
            imported: FxHashMap::default(),
            streams: 0,
        }
    }

    /// Inside of a constant's definition, where the constants' own pool was taken out of them.
    pub(super) fn within_constants(constants: &'a Constants) -> Self {
        Scope { own_pool: true, ..Scope::of_constants(constants) }
    }

    /// Inside of a group, whose expressions so far are in `pool`.
    pub(super) fn of_group(group: &'a str, variables: &'a [Variable], constants: &'a Constants, pool: &Pool) -> Self {
        let mut scope = Scope::of_constants(constants);
        scope.group = Some(group);
        scope.variables = variables;
        for (number, variable) in (0u32..).zip(variables) {
            if variable.role != Role::Temporary {
                scope.symbols.entry(variable.name.as_str()).or_insert(Symbol(number));
            }
        }
        let streams = pool.ids().filter_map(|id| stream(pool, id)).filter(|&stream| stream < FIRST_OF_INIT);
        scope.streams = streams.max().map_or(0, |last| last + 1);
        scope
    }

    /// Lets random calls be those of initial values, which move no others.
    pub(super) fn initial(&mut self) {
        self.streams = FIRST_OF_INIT;
    }

    /// Takes over what was complained of before.
    pub(super) fn doubt(&mut self, doubts: &'a Doubts) {
        self.doubtful = &doubts.units;
        self.unknown.clone_from(&doubts.unknown);
    }

    /// The order is Brian2's: variables, constants, numbers, units, functions.
    pub(super) fn meaning(&self, name: &str) -> Meaning {
        if let Some(&symbol) = self.symbols.get(name) {
            return Meaning::Variable(symbol);
        }
        if let Some(place) = self.temporaries.iter().position(|temporary| temporary.name == name) {
            let number = u32::try_from(self.variables.len() + place).unwrap_or(u32::MAX);
            return Meaning::Variable(Symbol(number));
        }
        if let Some(index) = self.constants.timed.iter().position(|timed| timed.name == name) {
            return Meaning::Timed(index);
        }
        if let Some(index) = self.constants.find(name) {
            return Meaning::Constant(index);
        }
        if let Some(value) = number(name) {
            return Meaning::Number(value);
        }
        if let Some(unit) = unit(name) {
            return Meaning::Unit(unit);
        }
        if let Some(function) = Function::named(name) {
            return Meaning::Function(function);
        }
        later(name).map_or(Meaning::Unknown, Meaning::Later)
    }

    /// One variable, of the group or of the code.
    pub(super) fn variable(&self, symbol: Symbol) -> &Variable {
        let own = self.variables.get(symbol.index());
        own.unwrap_or_else(|| &self.temporaries[symbol.index() - self.variables.len()])
    }

    /// Whether what `symbol` measures is known.
    pub(super) fn is_doubtful(&self, symbol: Symbol) -> bool {
        self.doubtful.get(symbol.index()).copied().unwrap_or(false)
    }

    /// Whether `name` was not complained of before.
    pub(super) fn is_news(&mut self, name: &str) -> bool {
        self.unknown.insert(name.to_owned())
    }

    /// The number of the next random call of the group.
    pub(super) fn next_stream(&mut self) -> i64 {
        self.streams += 1;
        self.streams - 1
    }

    /// The value of a constant, in `pool`.
    pub(super) fn import(&mut self, constant: usize, pool: &mut Pool) -> ExprId {
        if self.own_pool {
            return self.constants.list[constant].value;
        }
        if let Some(&known) = self.imported.get(&constant) {
            return known;
        }
        let id = copy(&self.constants.pool, self.constants.list[constant].value, pool);
        self.imported.insert(constant, id);
        id
    }

    /// Names that might have been meant instead of an unknown one.
    pub(super) fn candidates(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.variables.iter().map(|variable| variable.name.as_str()).collect();
        names.extend(self.constants.list.iter().map(|constant| constant.name.as_str()));
        names.extend(["pi", "inf"]);
        short_names().for_each(|name| names.push(name));
        names
    }

    /// The first name in `expr` whose value differs between elements.
    pub(super) fn per_element(&self, expr: &ast::Expr) -> Option<ast::NodeId> {
        let varies = |node: &ast::Node| match node {
            ast::Node::Name(name) => match self.meaning(name) {
                Meaning::Variable(symbol) => !self.variable(symbol).shared,
                _ => false,
            },
            ast::Node::Call(name, _) => Function::named(&name.name).is_some_and(Function::is_random),
            _ => false,
        };
        let index = expr.nodes.iter().position(varies)?;
        u32::try_from(index).ok().map(ast::NodeId)
    }
}

/// The number that tells a random call from others.
fn stream(pool: &Pool, id: ExprId) -> Option<i64> {
    let Expr::Call(function, arguments) = pool.get(id) else { return None };
    match pool.get(*arguments.last()?) {
        Expr::Integer(number) if function.is_random() => Some(*number),
        _ => None,
    }
}

/// Builds `root` of one pool, which has no symbols, in another.
fn copy(from: &Pool, root: ExprId, to: &mut Pool) -> ExprId {
    let mut image: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for id in from.reachable(&[root]) {
        let new = match from.get(id) {
            Expr::Float(bits) => to.float(f64::from_bits(*bits)),
            Expr::Integer(value) => to.integer(*value),
            Expr::Boolean(value) => to.boolean(*value),
            Expr::Symbol(symbol) => to.symbol(*symbol, from.kind(id)),
            Expr::Unary(op, a) => to.unary(*op, image[a]),
            Expr::Binary(op, a, b) => to.binary(*op, image[a], image[b]),
            Expr::Call(function, arguments) => {
                let arguments: Vec<ExprId> = arguments.iter().map(|argument| image[argument]).collect();
                to.call(*function, &arguments)
            }
        };
        image.insert(id, new);
    }
    image[&root]
}

/// The numbers that have names.
fn number(name: &str) -> Option<f64> {
    match name {
        "pi" => Some(std::f64::consts::PI),
        "e" => Some(std::f64::consts::E),
        "inf" => Some(f64::INFINITY),
        _ => None,
    }
}

/// Whether `name` is one of white noise.
pub(super) fn is_noise(name: &str) -> bool {
    name == "xi" || name.starts_with("xi_")
}

/// Names of Brian2's that wait for a later version.
fn later(name: &str) -> Option<&'static str> {
    match name {
        "lastupdate" | "j" | "N_pre" | "N_post" | "N_incoming" | "N_outgoing" => Some("synapses"),
        _ => None,
    }
}

/// Words of Python, which no Brian2 model can use as names.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Why nothing may be called `name`, as the end of "`name` …"; none if it is free.
pub(super) fn reserved(name: &str) -> Option<String> {
    if let Some(unit) = unit(name) {
        return Some(format!("is a unit ({}), and a unit cannot be a variable", unit.dimension));
    }
    let reason = if Function::named(name).is_some() {
        "is a function"
    } else if number(name).is_some() {
        "is a number of mathematics"
    } else if Builtin::ALL.iter().any(|builtin| builtin.name() == name) {
        "is a name that every group has"
    } else if KEYWORDS.contains(&name) {
        "is a word of the language"
    } else if name.starts_with('_') {
        "starts with an underscore, which is kept for internal names"
    } else if name.ends_with("_pre") || name.ends_with("_post") {
        "ends in `_pre` or `_post`, which is kept for synapses"
    } else if matches!(name, "lastspike" | "not_refractory" | "refractory" | "refractory_until") {
        "is kept for refractoriness"
    } else if is_noise(name) {
        "is kept for noise"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

//! Random numbers ahead of their kernel: each becomes a column that is filled before.
//!
//! What is random is defined in [`crate::random`], as a function of seed, group, stream, element and
//! tick. Filling whole columns uses the widest vectors of the machine, which kernels of 128 bits
//! cannot; the numbers are the same as if each element drew its own.

use super::abi::{ColumnId, Storage, Varies};
use super::{Builder, Distribution, Inst, Kernel, Type, Value};

/// A column that is filled with random numbers at each tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Which of the group's streams.
    pub stream: u32,
    /// Where the numbers go.
    pub column: ColumnId,
    /// How they are distributed.
    pub kind: DrawKind,
}

/// What a [`Draw`] draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawKind {
    /// Floats.
    Float(Distribution),
    /// Counts, whose means stand in a column.
    Poisson(ColumnId),
}

/// A part of the work of a kernel.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Computes the means of counts.
    Kernel(Kernel),
    /// Fills a column.
    Draw(Draw),
}

/// What is done before the kernel, in order, and the kernel with loads in place of random numbers;
/// takes one that is all body.
pub fn draw(kernel: &Kernel, storage: &mut Storage) -> (Vec<Piece>, Kernel) {
    if !kernel.draws() {
        return (vec![], kernel.clone());
    }
    let homes = homes(kernel, storage);
    let mut pieces = vec![];
    for rank in 0..=homes.iter().flatten().map(|home| home.rank).max().unwrap_or(0) {
        let of_rank = || homes.iter().flatten().filter(move |home| home.rank == rank);
        if of_rank().any(|home| home.means.is_some()) {
            pieces.push(Piece::Kernel(means(kernel, storage, &homes, rank)));
        }
        pieces.extend(of_rank().map(|home| Piece::Draw(home.draw)));
    }
    let mut copy = Copy::new(kernel.name.clone(), storage, &homes);
    for value in kernel.values() {
        copy.inst(value, kernel.inst(value));
    }
    let main = copy.builder.finish();
    (pieces, main)
}

/// Where a random number lies, and when it can be drawn.
struct Home {
    draw: Draw,
    /// The mean and where it goes.
    means: Option<(Value, ColumnId)>,
    /// How many counts its mean depends on, one in the other.
    rank: usize,
}

fn homes(kernel: &Kernel, storage: &mut Storage) -> Vec<Option<Home>> {
    let mut ranks = vec![0usize; kernel.insts.len()];
    let mut homes = Vec::with_capacity(kernel.insts.len());
    for value in kernel.values() {
        let inst = kernel.inst(value);
        let rank = inst.operands().map(|operand| ranks[operand.index()]).max().unwrap_or(0);
        ranks[value.index()] = rank + usize::from(matches!(inst, Inst::Poisson(..)));
        let column = |storage: &mut Storage, what: &str, stream: u32, ty| {
            storage.column(format!("{}.{what}{stream}", kernel.name), ty, Varies::Ticks)
        };
        homes.push(match inst {
            Inst::Random(distribution, stream) => {
                let column = column(storage, "random", stream, Type::F64);
                Some(Home { draw: Draw { stream, column, kind: DrawKind::Float(distribution) }, means: None, rank: 0 })
            }
            Inst::Poisson(stream, mean) => {
                let means = column(storage, "mean", stream, Type::F64);
                let column = column(storage, "random", stream, Type::I64);
                let draw = Draw { stream, column, kind: DrawKind::Poisson(means) };
                Some(Home { draw, means: Some((mean, means)), rank })
            }
            _ => None,
        });
    }
    homes
}

/// Computes the means of one rank; counts of lower ranks are there already.
fn means(kernel: &Kernel, storage: &Storage, homes: &[Option<Home>], rank: usize) -> Kernel {
    let mut copy = Copy::new(format!("{}.means", kernel.name), storage, homes);
    for value in kernel.values() {
        let inst = kernel.inst(value);
        if !inst.is_effect() {
            copy.inst(value, inst);
        }
    }
    for home in homes.iter().flatten().filter(|home| home.rank == rank) {
        if let Some((mean, column)) = home.means {
            let mean = copy.image[mean.index()];
            copy.builder.store(column, mean);
        }
    }
    copy.builder.finish()
}

/// Copies instructions, with loads in place of random numbers.
struct Copy<'a> {
    builder: Builder<'a>,
    image: Vec<Value>,
    homes: &'a [Option<Home>],
}

impl<'a> Copy<'a> {
    fn new(name: String, storage: &'a Storage, homes: &'a [Option<Home>]) -> Self {
        Copy { builder: Builder::unrounded(name, storage), image: vec![Value(0); homes.len()], homes }
    }

    fn inst(&mut self, value: Value, inst: Inst) {
        let image = &self.image;
        let inst = match &self.homes[value.index()] {
            Some(home) => Inst::Load(home.draw.column),
            None => inst.map(|operand| image[operand.index()]),
        };
        self.image[value.index()] = self.builder.push(inst);
    }
}

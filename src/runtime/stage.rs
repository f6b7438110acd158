//! Work that prepares columns: a call, or propagators of linear systems.

use super::Place;
use crate::kernel::abi::{Layout, Routine, UniformId};
use crate::kernel::{Distribution, Draw, DrawKind};
use crate::random::{self, Stream};
use std::ops::Range;
use std::sync::Arc;

/// One step of a prelude or of the work before a tick.
pub enum Stage {
    /// Compiled code.
    Call(Arc<dyn Routine>),
    /// Random numbers, into a column.
    Draw(Drawing),
    /// Matrix exponentials, which the host computes.
    Propagate(Propagate),
}

/// A column that is filled with random numbers: a function of seed, group, stream, element and tick.
#[derive(Clone, Copy, Debug)]
pub struct Drawing {
    /// What is drawn, and where it goes.
    pub draw: Draw,
    /// Where the seed is.
    pub seed: UniformId,
    /// The number of the group.
    pub group: u32,
}

/// Gives `P` and `Q`, row by row, from the entries of `A`, its size and dt.
pub type Propagator = fn(&[f64], usize, f64) -> (Vec<f64>, Vec<f64>);

/// Computes `P = exp(A dt)` and `Q = ∫ exp(A s) ds` of a linear system `x' = A x + b`.
///
/// Matrices are square, row by row. When every place is a uniform it is done once, otherwise for
/// each element; an element whose `A` equals that of the element before it reuses the result.
pub struct Propagate {
    /// The number of variables.
    pub size: usize,
    /// In seconds.
    pub dt: f64,
    /// The entries of `A`, floats.
    pub matrix: Vec<Place>,
    /// Where the entries of `P` go; `None` where no one reads them.
    pub exponential: Vec<Option<Place>>,
    /// Where the entries of `Q` go; `None` where no one reads them.
    pub integral: Vec<Option<Place>>,
    /// `P` and `Q` from `A`, its size and dt.
    pub propagator: Propagator,
}

impl Stage {
    /// Does the work for some elements, from a multiple of 64 on; propagators do it for all. Random numbers are those of the tick `drawn`, which is another than
    /// `tick` where the work has a clock of its own.
    pub(super) fn run(&self, layout: &Layout, words: &mut [u64], tick: u64, drawn: u64, elements: Range<usize>) {
        match self {
            Stage::Call(routine) => routine.call(words, tick..tick + 1, elements),
            Stage::Draw(drawing) => drawing.run(layout, words, drawn, elements),
            Stage::Propagate(propagate) => propagate.run(layout, words),
        }
    }
}

impl Drawing {
    fn run(&self, layout: &Layout, words: &mut [u64], tick: u64, elements: Range<usize>) {
        let seed = words[layout.uniform_offset(self.seed) / 8];
        let stream = Stream { seed, group: self.group, number: self.draw.stream };
        let range = |column| {
            let start = layout.column_offset(column) / 8;
            start + elements.start..start + elements.end
        };
        let target = range(self.draw.column);
        match self.draw.kind {
            DrawKind::Float(distribution) => {
                let floats: &mut [f64] = bytemuck::cast_slice_mut(&mut words[target]);
                match distribution {
                    Distribution::Uniform => random::fill_uniform(stream, tick, elements.start, floats),
                    Distribution::Normal => random::fill_normal(stream, tick, elements.start, floats),
                }
            }
            DrawKind::Poisson(means) => {
                // Means are computed before there are counts, so that their column comes first.
                let means = range(means);
                let (before, rest) = words.split_at_mut(target.start);
                let counts: &mut [i64] = bytemuck::cast_slice_mut(&mut rest[..elements.len()]);
                random::fill_poisson(stream, tick, elements.start, bytemuck::cast_slice(&before[means]), counts);
            }
        }
    }
}

impl Propagate {
    fn run(&self, layout: &Layout, words: &mut [u64]) {
        let elements = if self.is_shared() { 1 } else { layout.elements() };
        let (mut known, mut matrix) = (Vec::new(), Vec::new());
        let mut result = None;
        for element in 0..elements {
            matrix.clear();
            matrix.extend(self.matrix.iter().map(|place| words[place.word(layout, element)]));
            if result.is_none() || matrix != known {
                result = Some((self.propagator)(bytemuck::cast_slice(&matrix), self.size, self.dt));
                std::mem::swap(&mut known, &mut matrix);
            }
            if let Some((exponential, integral)) = &result {
                write(layout, words, element, &self.exponential, exponential);
                write(layout, words, element, &self.integral, integral);
            }
        }
    }

    fn is_shared(&self) -> bool {
        let targets = self.exponential.iter().chain(&self.integral).flatten();
        self.matrix.iter().chain(targets).all(|place| matches!(place, Place::Uniform(_)))
    }
}

fn write(layout: &Layout, words: &mut [u64], element: usize, places: &[Option<Place>], values: &[f64]) {
    for (place, value) in places.iter().zip(values) {
        if let Some(place) = place {
            words[place.word(layout, element)] = value.to_bits();
        }
    }
}

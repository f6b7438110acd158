//! Reduces events to the marks that an eye can tell apart.

use std::fmt::Write;

use super::Events;
use super::axis::Axis;

/// Up to so many events have a mark each.
const MOST_IN_PANEL: usize = 20_000;
/// The same for all panels of a figure.
const MOST_MARKS: usize = 80_000;
/// Cells of a figure. Neighbours become one mark, so that marks are half as many at most.
const CELLS: f64 = 250_000.0;
/// The side of the smallest cell.
const CELL: f64 = 1.0;
/// About the width of a panel.
const WIDTH: f64 = 460.0;
/// The width of a mark that stands for one event.
const MARK_WIDTH: f64 = 1.0;

/// What is drawn of one kind of events. Lengths are in points.
#[derive(Clone, Debug, Default)]
pub(super) struct Raster {
    /// In any order; none when nothing happened.
    pub marks: Vec<Mark>,
    /// The height of every mark.
    pub height: f64,
    /// What is added to both ends of every mark.
    pub margin: f64,
    /// The number of events behind it.
    pub events: usize,
    /// Whether events that share a cell are drawn once.
    pub thinned: bool,
}

/// A short stretch of time; positions are fractions of the panel, from its lower left corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Its beginning.
    pub from: f64,
    /// Its end, which may be the beginning.
    pub to: f64,
    /// The middle of its height.
    pub y: f64,
}

/// Reduces `events` as one of `panels` that share a figure, each `height` points high.
pub(super) fn raster(events: &Events<'_>, time: &Axis, height: f64, panels: usize) -> Raster {
    let most = MOST_IN_PANEL.min(MOST_MARKS / panels.max(1));
    let side = (WIDTH * height * panels as f64 / CELLS).sqrt().max(CELL);
    let thinned = events.times.len() > most;
    let rows = if thinned { events.size.min((height / side) as usize) } else { events.size }.max(1);
    let marks = if thinned { cells(events, time, rows, (WIDTH / side) as usize) } else { singles(events, time) };
    Raster {
        marks,
        height: mark_height(height / rows as f64),
        margin: if thinned { 0.0 } else { MARK_WIDTH / 2.0 },
        events: events.times.len(),
        thinned,
    }
}

/// Rows that can be told apart have gaps between them.
fn mark_height(row: f64) -> f64 {
    if row < 3.0 { row.max(1.0) } else { (0.7 * row).clamp(2.4, 10.0) }
}

fn singles(events: &Events<'_>, time: &Axis) -> Vec<Mark> {
    let places = events.times.iter().map(|at| time.fraction(*at)).zip(events.elements);
    let seen = places.filter(|(x, _)| x.is_finite());
    seen.map(|(x, element)| Mark { from: x, to: x, y: (f64::from(*element) + 0.5) / events.size as f64 }).collect()
}

/// The cells in which something happened, those side by side as one.
fn cells(events: &Events<'_>, time: &Axis, rows: usize, columns: usize) -> Vec<Mark> {
    let mut cells = vec![false; rows * columns];
    for (at, element) in events.times.iter().zip(events.elements) {
        let column = time.fraction(*at) * columns as f64;
        if column.is_finite() {
            let row = *element as usize * rows / events.size;
            cells[row * columns + (column as usize).min(columns - 1)] = true;
        }
    }
    let mut marks = Vec::new();
    for (row, cells) in cells.chunks_exact(columns).enumerate() {
        let y = (row as f64 + 0.5) / rows as f64;
        let mut start = 0;
        for run in cells.chunk_by(|one, next| one == next) {
            if run[0] {
                let at = |column: usize| column as f64 / columns as f64;
                marks.push(Mark { from: at(start), to: at(start + run.len()), y });
            }
            start += run.len();
        }
    }
    marks
}

/// Horizontal lines as the data of an SVG path: `M4 8h3m2 0h3`, of starts and lengths in pixels.
pub(super) fn path_data(lines: impl Iterator<Item = ((i32, i32), i32)>) -> String {
    let mut text = String::new();
    let mut pen: Option<(i32, i32)> = None;
    for ((x, y), length) in lines {
        let _infallible = match pen {
            None => write!(text, "M{x} {y}h{length}"),
            Some((old_x, old_y)) => write!(text, "m{} {}h{length}", x - old_x, y - old_y),
        };
        pen = Some((x + length, y));
    }
    text
}

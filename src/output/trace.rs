//! Reduces a recording to what an eye can see of it: few lines of few points, or a band.

use std::collections::BTreeMap;

use super::Series;

/// Up to so many different elements are drawn as lines.
pub(super) const MOST_LINES: usize = 100;
/// A figure has about so many points in all, which keeps an SVG below half a megabyte.
const POINTS: usize = 32_000;
/// More columns than the paper's pixels show nothing more.
const MOST_COLUMNS: usize = 1200;
/// Columns of a band.
const BAND_COLUMNS: usize = 400;

/// What is drawn of one recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Picture {
    /// One for each kind of element, in the order of their first.
    pub lines: Vec<Line>,
    /// Instead of lines, when there would be too many.
    pub band: Vec<Column>,
    /// The number of elements behind it all.
    pub elements: usize,
    /// The smallest and the largest finite value, `None` when there is none.
    pub range: Option<(f64, f64)>,
}

/// Elements with identical values, drawn once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// The numbers of the elements in their group.
    pub elements: Vec<usize>,
    /// Runs of points (time, value) without a gap; none is empty.
    pub runs: Vec<Vec<(f64, f64)>>,
}

/// The distribution over all elements in a short stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    /// Its middle.
    pub time: f64,
    /// Smallest value, lower quartile, median, upper quartile, largest value.
    pub marks: [f64; 5],
}

/// Reduces `series` as one of `panels` recordings that share a figure.
pub(super) fn picture(series: &Series<'_>, panels: usize) -> Picture {
    let kinds = kinds(series);
    let mut picture = Picture { elements: series.elements.len(), range: range(series.values), ..Picture::default() };
    if kinds.len() > MOST_LINES {
        picture.band = band(series);
    } else {
        let columns = (POINTS / 2 / panels.max(1) / kinds.len().max(1)).clamp(40, MOST_COLUMNS);
        picture.lines = kinds.into_iter().map(|members| line(series, &members, columns)).collect();
    }
    picture
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let add = |(low, high): (f64, f64), value: f64| {
        let value = if value.is_finite() { value } else { f64::NAN };
        (if value < low { value } else { low }, if value > high { value } else { high })
    };
    let (low, high) = values.iter().copied().fold(start, add);
    (low <= high).then_some((low, high))
}

/// Columns with the same bits throughout, told by a hash of 64 bits over all their samples.
fn kinds(series: &Series<'_>) -> Vec<Vec<usize>> {
    let width = series.elements.len();
    let mut hashes = vec![0u64; width];
    for row in series.values.chunks_exact(width.max(1)) {
        for (hash, value) in hashes.iter_mut().zip(row) {
            let mixed = (*hash ^ value.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            *hash = mixed ^ (mixed >> 32);
        }
    }
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    let mut seen = BTreeMap::new();
    for (element, hash) in hashes.into_iter().enumerate() {
        let kind = *seen.entry(hash).or_insert(kinds.len());
        match kinds.get_mut(kind) {
            Some(members) => members.push(element),
            None => kinds.push(vec![element]),
        }
    }
    kinds
}

fn line(series: &Series<'_>, members: &[usize], columns: usize) -> Line {
    let width = series.elements.len();
    let value = |sample: usize| series.values[sample * width + members[0]];
    let mut pen = Pen { gaps: gaps(series.times), ..Pen::default() };
    if series.times.len() <= 2 * columns {
        for (sample, time) in series.times.iter().enumerate() {
            pen.point(sample, *time, value(sample));
        }
    } else {
        for stretch in stretches(series.times, columns) {
            extremes(stretch, value, |sample| pen.point(sample, series.times[sample], value(sample)));
        }
    }
    pen.lift();
    Line { elements: members.iter().map(|member| series.elements[*member]).collect(), runs: pen.runs }
}

/// The samples before which recording paused: the step to them is longer than the shortest.
fn gaps(times: &[f64]) -> Vec<usize> {
    let steps = || times.windows(2).map(|pair| pair[1] - pair[0]);
    let shortest = steps().fold(f64::INFINITY, f64::min);
    steps().enumerate().filter(|&(_, step)| step > 1.5 * shortest).map(|(place, _)| place + 1).collect()
}

/// Collects points; a pause and a value that is not finite leave a gap.
#[derive(Default)]
struct Pen {
    runs: Vec<Vec<(f64, f64)>>,
    run: Vec<(f64, f64)>,
    gaps: Vec<usize>,
    /// How many of them lie behind.
    passed: usize,
}

impl Pen {
    fn point(&mut self, sample: usize, time: f64, value: f64) {
        let passed = self.gaps.partition_point(|&gap| gap <= sample);
        if passed > std::mem::replace(&mut self.passed, passed) {
            self.lift();
        }
        if value.is_finite() {
            self.run.push((time, value));
        } else {
            self.lift();
        }
    }

    fn lift(&mut self) {
        if !self.run.is_empty() {
            self.runs.push(std::mem::take(&mut self.run));
        }
    }
}

/// Non-empty ranges of samples, one for each of `columns` equal stretches of time.
fn stretches(times: &[f64], columns: usize) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let (first, last) = (times.first().copied().unwrap_or(0.0), times.last().copied().unwrap_or(0.0));
    let mut start = 0;
    (1..=columns).filter_map(move |column| {
        let end_time = first + (last - first) * column as f64 / columns as f64;
        let rest = &times[start..];
        let end = if column == columns { times.len() } else { start + rest.partition_point(|time| *time < end_time) };
        let stretch = start..end;
        start = end;
        (!stretch.is_empty()).then_some(stretch)
    })
}

/// The samples with the smallest and the largest finite value, in order of time; the first sample
/// when no value is finite.
fn extremes(stretch: std::ops::Range<usize>, value: impl Fn(usize) -> f64, mut visit: impl FnMut(usize)) {
    let start = stretch.start;
    let (mut low, mut high) = ((f64::INFINITY, start), (f64::NEG_INFINITY, start));
    for sample in stretch {
        let value = value(sample);
        if value.is_finite() {
            low = if value < low.0 { (value, sample) } else { low };
            high = if value > high.0 { (value, sample) } else { high };
        }
    }
    visit(low.1.min(high.1));
    if low.1 != high.1 {
        visit(low.1.max(high.1));
    }
}

/// Minimum and maximum over all samples of a stretch, quartiles at its middle one. Stretches
/// without a finite value there are left out.
fn band(series: &Series<'_>) -> Vec<Column> {
    let width = series.elements.len();
    stretches(series.times, BAND_COLUMNS)
        .filter_map(|stretch| {
            let middle = (stretch.start + stretch.end) / 2;
            let (low, high) = range(&series.values[stretch.start * width..stretch.end * width])?;
            let mut row: Vec<f64> = series.values[middle * width..(middle + 1) * width].to_vec();
            row.retain(|value| value.is_finite());
            row.sort_by(f64::total_cmp);
            let quartile = |quarters: usize| row.get((row.len().checked_sub(1)? * quarters + 2) / 4).copied();
            Some(Column { time: series.times[middle], marks: [low, quartile(1)?, quartile(2)?, quartile(3)?, high] })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_leaves_a_gap_however_many_points_there_are() {
        for count in [20_u32, 20_000] {
            let times: Vec<f64> = (0..count).map(f64::from).filter(|&time| !(5.0..11.0).contains(&time)).collect();
            let values = times.clone();
            let series = Series { name: "g.v", unit: "1", times: &times, values: &values, elements: &[0] };
            let picture = picture(&series, 1);
            let runs = &picture.lines[0].runs;
            assert_eq!(runs.len(), 2, "{count}");
            assert!(runs[0].last().unwrap().0 <= 4.0 && runs[1][0].0 >= 11.0);
        }
    }
}

//! In which order things happen at one time.

use crate::model::Slot;
use std::cmp::Ordering;
use std::ops::Range;

/// One thing that happens at each tick of a clock. At one time, tasks run in the order of slot and
/// order; of those that are equal in both, a group's own work comes before recordings, and else the
/// names decide, compared as strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// When within a tick.
    pub slot: Slot,
    /// Within a slot, lower first.
    pub order: i32,
    /// Whether it records.
    pub records: bool,
    /// `cells.update`
    pub name: String,
    /// An index into [`Plan::clocks`](super::Plan::clocks); of clocks with the same dt, the first.
    pub clock: usize,
    /// What is done.
    pub(super) work: Work,
}

/// What a task does for its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    /// All stages before a tick.
    Before,
    /// The regular code of this number.
    Regular(usize),
    /// The part of the tick of this number.
    Part(usize),
    /// The event of this number is listed as it was given.
    Given(usize),
    /// One row of the recording of this number within the group.
    Record(usize),
    /// The spikes of the tick are counted for the recording of this number within the group.
    Rate(usize),
}

/// What a group does at every so many of its ticks, the first of all among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) work: Work,
    pub(super) every: u64,
}

impl Own {
    /// Its own number of a tick of the group, if it is done then.
    pub(super) fn due(self, tick: u64) -> Option<u64> {
        tick.is_multiple_of(self.every).then(|| tick / self.every)
    }

    /// The same, done at the first tick of all only.
    pub(super) fn once(self) -> Own {
        Own { every: u64::MAX, ..self }
    }
}

/// Ticks that are done together: all that comes before the work at `part` at the first of them, that work for all, and
/// what comes after it at the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) ticks: Range<u64>,
    part: Option<usize>,
}

impl Round {
    /// The next ones of `ticks`, as many as the work at `part` may do before something else is due, but at most `most`;
    /// one without such a part.
    pub(super) fn next(works: &[Own], part: Option<usize>, ticks: &Range<u64>, most: u64) -> Round {
        let tick = ticks.start;
        let next = |from: u64, every: u64| from.div_ceil(every).saturating_mul(every);
        let until = |(place, own): (usize, &Own)| match (own.work, place.cmp(&part?)) {
            // These look at what was listed of each tick, afterwards.
            (Work::Rate(_) | Work::Given(_), _) | (_, Ordering::Equal) => None,
            (_, Ordering::Less) => Some(next(tick + 1, own.every)),
            (_, Ordering::Greater) => Some(next(tick, own.every).saturating_add(1)),
        };
        let most = if part.is_some() { most } else { 1 };
        let end = ticks.end.min(tick.saturating_add(most));
        Round { ticks: tick..works.iter().enumerate().filter_map(until).fold(end, u64::min), part }
    }

    /// The tick at which the work at `place`, which is not the part, is done, and its own number of it; `None` where it
    /// is not.
    pub(super) fn due(&self, place: usize, own: Own) -> Option<(u64, u64)> {
        let late = self.part.is_some_and(|part| place > part);
        let tick = if late { self.ticks.end - 1 } else { self.ticks.start };
        Some((tick, own.due(tick)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(every: u64, work: Work) -> Own {
        Own { work, every }
    }

    /// Every work is done at each of its ticks, in order, however many of them the part does at once.
    #[test]
    fn rounds_do_everything_when_it_is_due() {
        for (before, after) in [(1, 4), (4, 1), (3, 5), (5, 3), (7, 7), (100, u64::MAX)] {
            let works = [of(before, Work::Regular(0)), of(1, Work::Part(0)), of(after, Work::Record(0))];
            for (start, most) in [(0, u64::MAX), (2, 3), (15, u64::MAX)] {
                let (mut done, mut ticks) = (vec![], start..40);
                while !ticks.is_empty() {
                    let round = Round::next(&works, Some(1), &ticks, most);
                    for (place, &own) in works.iter().enumerate() {
                        if place == 1 {
                            done.extend(round.ticks.clone().map(|tick| (tick, place)));
                        } else {
                            done.extend(round.due(place, own).map(|(tick, _)| (tick, place)));
                        }
                    }
                    assert!(round.ticks.start == ticks.start && round.ticks.end - ticks.start <= most);
                    ticks.start = round.ticks.end;
                }
                let due = |tick: u64| (0..3).filter(move |&place| works[place].due(tick).is_some());
                let all = (start..40).flat_map(|tick| due(tick).map(move |place| (tick, place)));
                // In the part's ticks, nothing is done too early or too late.
                done.sort_by_key(|&(tick, _)| tick);
                assert_eq!(done, all.collect::<Vec<_>>(), "{before} {after} {start}");
            }
        }
    }

    #[test]
    fn rounds_are_as_long_as_they_may_be() {
        let works = [of(10, Work::Record(0)), of(1, Work::Part(0)), of(1, Work::Rate(0)), of(20, Work::Record(1))];
        let ticks = |works: &[Own], part, most| Round::next(works, part, &(5..40), most).ticks;
        let lengths = [(Some(1), 100), (Some(1), 3), (None, 100)].map(|(part, most)| ticks(&works, part, most));
        assert_eq!(lengths, [5..10, 5..8, 5..6]);
        assert_eq!(ticks(&works[1..], Some(0), 100), 5..21, "what comes after is done at tick 20");
        assert_eq!(ticks(&works[1..3], Some(0), 100), 5..40);
    }
}

//! Everything that decides the future of a simulation, taken out of it and put back.

use super::island::Island;
use super::{Events, Network, Place, Program, Recording, Time};
use crate::kernel::Type;
use crate::model::{Clock, Seconds};
use std::fmt;
use std::sync::Arc;

/// The state of a simulation between two ticks.
///
/// What is computed anew before it is used (hidden numbers, random numbers, lists of events) is not in
/// it: those are functions of the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// For each clock the length of its tick and the next tick.
    pub clocks: Vec<(Seconds, u64)>,
    /// The time.
    pub time: Time,
    /// In the order of the model.
    pub groups: Vec<GroupState>,
    /// What monitors of values need to go on.
    pub recordings: Vec<RecordingState>,
    /// What monitors of events need to go on.
    pub events: Vec<EventsState>,
}

/// A stretch of one simulation between two restores, in this process.
#[derive(Clone, Debug, Default)]
pub struct Past(Option<Arc<()>>);

/// The stretches that led to where a simulation stands, each with the time at which it began.
pub(super) struct History(Vec<(Arc<()>, Time)>);

impl History {
    pub(super) fn new() -> Self {
        History(vec![(Arc::default(), Time::ZERO)])
    }

    /// Goes to a time in `past`; tells whether it lies in the own one.
    fn go(&mut self, past: &Past, time: Time) -> bool {
        let is_it = |(own, _): &(Arc<()>, Time)| past.0.as_ref().is_some_and(|past| Arc::ptr_eq(own, past));
        let place = self.0.iter().position(is_it);
        let been = place.filter(|place| self.0.get(place + 1).is_none_or(|&(_, end)| !end.is_before(time)));
        self.0.truncate(been.map_or(0, |place| place + 1));
        self.0.push((Arc::default(), time));
        been.is_some()
    }
}

/// The numbers of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupState {
    /// Its name.
    pub name: String,
    /// The number of elements.
    pub elements: usize,
    /// The length of its tick.
    pub dt: Seconds,
    /// Tells other equations apart.
    pub fingerprint: u32,
    /// The seed of its random numbers.
    pub seed: u64,
    /// Variables and what else must be kept.
    pub columns: Vec<ColumnState>,
}

/// The numbers of one variable.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnState {
    /// Its name.
    pub name: String,
    /// One for each element, or one for all.
    pub numbers: Numbers,
}

/// Numbers by their bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Floats.
    Floats(Vec<u64>),
    /// Floats of 32 bits.
    Floats32(Vec<u32>),
    /// Integers.
    Integers(Vec<u64>),
    /// Truth values, 0 or 1.
    Booleans(Vec<u8>),
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Numbers::Floats(words) | Numbers::Integers(words) => words.len(),
            Numbers::Floats32(halves) => halves.len(),
            Numbers::Booleans(bytes) => bytes.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn ty(&self) -> Type {
        match self {
            Numbers::Floats(_) => Type::F64,
            Numbers::Floats32(_) => Type::F32,
            Numbers::Integers(_) => Type::I64,
            Numbers::Booleans(_) => Type::Bool,
        }
    }
}

/// Where a monitor of values stands.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingState {
    /// `cells.v`
    pub name: String,
    /// Tells records of something else apart.
    pub fingerprint: u32,
    /// Values in a row.
    pub width: usize,
    /// Rows ever recorded.
    pub total: u64,
    /// Whether it is paused.
    pub paused: bool,
    /// Spikes so far in a bin that has not ended.
    pub counted: Option<u64>,
    /// The tick of the row that would follow without a gap.
    pub next: u64,
    /// Where recording began or went on.
    pub begins: Vec<(u64, u64)>,
    /// The newest rows; `None` when they were left out.
    pub values: Option<Vec<f64>>,
}

/// Ticks, elements and what is kept with each, a column for each name.
pub(crate) type EventList = (Vec<u64>, Vec<u32>, Vec<Vec<f64>>);

/// Where a monitor of events stands.
#[derive(Clone, Debug, PartialEq)]
pub struct EventsState {
    /// `cells.spikes`
    pub name: String,
    /// Tells records of something else apart.
    pub fingerprint: u32,
    /// Whether it is paused.
    pub paused: bool,
    /// How often it has happened to each element.
    pub counts: Vec<u64>,
    /// What happened; `None` when it was left out.
    pub list: Option<EventList>,
}

/// Why a state does not fit a simulation: everything that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// One sentence each.
    pub differences: Vec<String>,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the checkpoint is of another model:")?;
        self.differences.iter().try_for_each(|difference| write!(f, "\n  - {difference}"))
    }
}

impl std::error::Error for Misfit {}

impl Network {
    /// The state, with or without what was recorded.
    pub fn state(&self, recorded: bool) -> State {
        State {
            clocks: self.plan.clocks.iter().map(|clock| clock.dt).zip(self.ticks.iter().copied()).collect(),
            time: self.time,
            groups: self.islands.iter().map(|island| self.group_state(island)).collect(),
            recordings: self.recordings().map(|recording| recording.state(recorded)).collect(),
            events: self.events().map(|events| events.state(recorded)).collect(),
        }
    }

    /// The stretch in which it stands.
    pub fn past(&self) -> Past {
        Past(self.history.0.last().map(|(own, _)| own.clone()))
    }

    fn group_state(&self, island: &Island) -> GroupState {
        let program = island.group.program();
        let words = island.group.memory.words();
        GroupState {
            name: program.name.clone(),
            elements: program.layout.elements(),
            dt: self.plan.clocks[program.clock].dt,
            fingerprint: program.fingerprint,
            seed: island.group.seed(),
            columns: program
                .saved
                .iter()
                .map(|(name, place)| ColumnState { name: name.clone(), numbers: read(program, *place, words) })
                .collect(),
        }
    }

    /// Puts a state that came of `past` in place of the own one, all of it or nothing. Sinks get nothing
    /// more; what they should have got before, [`Network::flush`] gives them. Gives the names of the records
    /// that begin anew because the state holds something else under their name.
    ///
    /// # Errors
    /// When it is of another model; it says everything that differs, and nothing is changed.
    pub fn restore(&mut self, state: &State, past: &Past) -> Result<Vec<String>, Misfit> {
        let differences = self.differences(state);
        if !differences.is_empty() {
            return Err(Misfit { differences });
        }
        let been = self.history.go(past, state.time);
        // A clock that only other records have goes on with its first tick from here on.
        let next = |clock: &Clock| {
            let known = state.clocks.iter().find(|(dt, _)| *dt == clock.dt).map(|&(_, tick)| tick);
            known.or_else(|| state.time.ticks(clock.dt)).unwrap_or(0)
        };
        self.ticks = self.plan.clocks.iter().map(next).collect();
        self.time = state.time;
        for (island, group) in self.islands.iter_mut().zip(&state.groups) {
            island.restore(group);
        }
        let mut others = vec![];
        for own in self.islands.iter_mut().flat_map(|island| &mut island.recordings) {
            let saved = state.recordings.iter().find(|saved| saved.name == own.name());
            let same = saved.filter(|saved| saved.fingerprint == own.fingerprint());
            others.extend(saved.filter(|_| same.is_none()).map(|saved| saved.name.clone()));
            own.restore(same, been);
        }
        for own in self.islands.iter_mut().flat_map(|island| &mut island.events) {
            let time = been.then_some(state.time);
            let saved = state.events.iter().find(|saved| saved.name == own.name());
            let same = saved.filter(|saved| saved.fingerprint == own.fingerprint());
            others.extend(saved.filter(|_| same.is_none()).map(|saved| saved.name.clone()));
            own.restore(same, time);
        }
        for (island, watch) in self.islands.iter().zip(&mut self.watches) {
            watch.renew(&island.group);
        }
        Ok(others)
    }

    /// Everything by which a state does not fit.
    fn differences(&self, state: &State) -> Vec<String> {
        let mut list = vec![];
        let programs: Vec<&Program> = self.islands.iter().map(|island| island.group.program()).collect();
        for saved in &state.groups {
            if programs.iter().all(|program| program.name != saved.name) {
                list.push(format!("it has a group `{}`, which the model has not", saved.name));
            }
        }
        for program in &programs {
            match state.groups.iter().find(|saved| saved.name == program.name) {
                None => list.push(format!("the model has a group `{}`, which it has not", program.name)),
                Some(saved) => self.group_differences(program, saved, &mut list),
            }
        }
        let order = state.groups.iter().map(|saved| &saved.name).eq(programs.iter().map(|program| &program.name));
        if list.is_empty() && !order {
            list.push("the groups stand in another order, which decides their random numbers".to_owned());
        }
        list
    }

    fn group_differences(&self, program: &Program, saved: &GroupState, list: &mut Vec<String>) {
        let (name, own) = (&program.name, program.layout.elements());
        let dt = self.plan.clocks[program.clock].dt;
        if saved.elements != own {
            list.push(format!("`{name}` has {} elements in it, and {own} in the model", saved.elements));
        }
        if saved.dt != dt {
            list.push(format!("a tick of `{name}` is {} in it, and {dt} in the model", saved.dt));
        }
        for column in &saved.columns {
            match program.saved.iter().find(|(known, _)| *known == column.name) {
                None => list.push(format!("it has a variable `{name}.{}`, which the model has not", column.name)),
                Some((_, place)) => {
                    let layout = &program.layout;
                    let fits = column.numbers.ty() == place.ty(layout) && column.numbers.len() == place.length(layout);
                    if !fits && saved.elements == own {
                        list.push(format!("`{name}.{}` is of another kind or length", column.name));
                    }
                }
            }
        }
        for (known, _) in &program.saved {
            if saved.columns.iter().all(|column| column.name != *known) {
                list.push(format!("the model has a variable `{name}.{known}`, which it has not"));
            }
        }
        if list.is_empty() && saved.fingerprint != program.fingerprint {
            list.push(format!("the equations, the method or the code of `{name}` are others"));
        }
    }
}

fn read(program: &Program, place: Place, words: &[u64]) -> Numbers {
    let layout = &program.layout;
    let (start, length) = (place.offset(layout), place.length(layout));
    match place.ty(layout) {
        Type::F64 => Numbers::Floats(words[start / 8..start / 8 + length].to_vec()),
        Type::F32 => Numbers::Floats32(bytemuck::cast_slice::<u64, u32>(words)[start / 4..start / 4 + length].to_vec()),
        Type::I32 => panic!("bug: a variable of 32-bit integers"),
        Type::I64 => Numbers::Integers(words[start / 8..start / 8 + length].to_vec()),
        Type::Bool => Numbers::Booleans(bytemuck::cast_slice::<u64, u8>(words)[start..start + length].to_vec()),
    }
}

impl Island {
    fn restore(&mut self, saved: &GroupState) {
        let (program, words) = self.group.parts();
        if let Some(id) = program.seed {
            words[program.layout.uniform_offset(id) / 8] = saved.seed;
        }
        for column in &saved.columns {
            let Some((_, place)) = program.saved.iter().find(|(name, _)| *name == column.name) else { continue };
            let start = place.offset(&program.layout);
            match &column.numbers {
                Numbers::Floats(from) | Numbers::Integers(from) => {
                    words[start / 8..start / 8 + from.len()].copy_from_slice(from);
                }
                Numbers::Floats32(from) => {
                    let halves: &mut [u32] = bytemuck::cast_slice_mut(words);
                    halves[start / 4..start / 4 + from.len()].copy_from_slice(from);
                }
                Numbers::Booleans(from) => {
                    let bytes: &mut [u8] = bytemuck::cast_slice_mut(words);
                    for (to, byte) in bytes[start..].iter_mut().zip(from) {
                        *to = u8::from(*byte != 0);
                    }
                }
            }
        }
        self.group.touch();
    }
}

impl Recording {
    fn state(&self, recorded: bool) -> RecordingState {
        RecordingState {
            name: self.name().to_owned(),
            fingerprint: self.fingerprint(),
            width: self.width(),
            total: self.total(),
            paused: self.paused,
            counted: self.counted,
            next: self.next,
            begins: self.begins.clone(),
            values: recorded.then(|| self.values().to_vec()),
        }
    }

    /// Goes back to where it stood, if its rows are in the state or it has `been` there; else it begins anew.
    fn restore(&mut self, saved: Option<&RecordingState>, been: bool) {
        self.sink = None;
        let Some(saved) = saved.filter(|saved| saved.width == self.width()) else { return self.forget(0) };

        if let Some(values) = &saved.values
            && self.put(values, saved.total)
        {
            self.gone = saved.total - self.rows as u64;
        } else if been && (self.gone..=self.total()).contains(&saved.total) {
            self.rows = usize::try_from(saved.total - self.gone).unwrap_or(self.rows);
        } else {
            self.forget(saved.total);
        }
        (self.paused, self.counted) = (saved.paused, saved.counted);
        (self.next, self.begins) = (saved.next, saved.begins.clone());
    }

    fn forget(&mut self, total: u64) {
        (self.rows, self.gone, self.counted) = (0, total, None);
        (self.next, self.begins) = (0, vec![]);
    }

    /// Puts rows into the buffer, if there is memory for them.
    fn put(&mut self, values: &[f64], total: u64) -> bool {
        let fits = self.buffer.grow(0, values.len()).is_some();
        if fits {
            self.buffer.floats_mut()[..values.len()].copy_from_slice(values);
            // Rows without numbers are all there.
            let all = usize::try_from(total).unwrap_or(0);
            self.rows = values.len().checked_div(self.width()).unwrap_or(all);
        }
        fits
    }
}

impl Events {
    fn state(&self, recorded: bool) -> EventsState {
        EventsState {
            name: self.name().to_owned(),
            fingerprint: self.fingerprint(),
            paused: self.paused,
            counts: self.counts.clone(),
            list: recorded.then(|| (self.ticks.clone(), self.elements.clone(), self.kept.clone())),
        }
    }

    /// Goes back to where it stood: to the list of the state, or, if it has been there, to what happened
    /// before `time`; else it begins anew.
    fn restore(&mut self, saved: Option<&EventsState>, time: Option<Time>) {
        self.sink = None;
        let Some(saved) = saved.filter(|saved| saved.counts.len() == self.counts.len()) else {
            self.counts.fill(0);
            return self.cut(0);
        };
        (self.paused, self.counts) = (saved.paused, saved.counts.clone());
        match (&saved.list, time) {
            (Some((ticks, elements, kept)), _) if kept.len() == self.kept.len() => {
                (self.ticks, self.elements, self.kept) = (ticks.clone(), elements.clone(), kept.clone());
            }
            (_, Some(time)) => {
                let tick = time.ticks(self.dt).unwrap_or(u64::MAX);
                self.cut(self.ticks.partition_point(|&own| own < tick));
            }
            (_, None) => self.cut(0),
        }
    }

    /// Keeps the first so many.
    fn cut(&mut self, length: usize) {
        self.ticks.truncate(length);
        self.elements.truncate(length);
        self.kept.iter_mut().for_each(|list| list.truncate(length));
    }
}

//! dvdt compiles differential equations with units to native loops, in milliseconds.
//!
//! A model is a text. [`Engine`] compiles it, [`CompiledModel`] is what comes out and can be shared,
//! [`Simulation`] is one run of it.
//!
//! ```
//! use dvdt::Engine;
//!
//! let model = Engine::new().compile("decay.dvdt", "
//!     clock dt = 0.1*ms
//!
//!     group cells[100] {
//!         dv/dt = (0*mV - v)/tau : volt
//!         tau : second
//!         method euler
//!         init v = 1*mV
//!         init tau = 100*ms
//!     }
//!
//!     record cells.v
//!     run 100*ms
//! ")?;
//! let mut simulation = model.simulation()?;
//! simulation.run_script()?;
//!
//! let v = simulation.recording("cells.v")?;
//! assert_eq!((v.samples(), v.elements().len()), (1000, 100));
//! // Euler's method multiplies by 1 - dt/tau at each tick.
//! let expected = 1e-3 * (1.0f64 - 0.1 / 100.0).powi(999);
//! assert!((v.row(999).unwrap()[0] - expected).abs() < 1e-16);
//! # Ok::<(), dvdt::Error>(())
//! ```
//!
//! The modules follow the way of an equation: [`syntax`] reads text, [`model`] finds out what it
//! means, [`scheme`] turns derivatives into what one tick assigns, [`kernel`] into straight-line code,
//! which [`interpret`] reads or [`jit`] compiles, and [`runtime`] calls.

pub mod algebra;
pub mod codegen;
pub mod compile;
pub mod diagnostic;
pub mod dimension;
pub mod interpret;
pub mod jit;
pub mod kernel;
pub mod model;
pub mod output;
pub mod random;
pub mod runtime;
pub mod scheme;
pub mod source;
pub mod syntax;
pub mod table;
pub mod wide;

mod builder;
mod checkpoint;
mod engine;
mod error;
mod profile;
mod simulation;
mod stream;
mod verify;

pub use algebra::Kind;
pub use builder::{GroupBuilder, ModelBuilder};
pub use checkpoint::Checkpoint;
pub use diagnostic::{Diagnostic, Report, Severity};
pub use dimension::{Dimension, Quantity};
pub use engine::{Checked, CompiledModel, Engine, Executor, Stage, Timings, read};
pub use error::{DimensionError, Error, TextError};
pub use jit::{Lanes, Options};
pub use model::{Denormals, MathLevel, Method, Precision};
pub use profile::{Bound, KernelProfile, Limit};
pub use runtime::{CancelToken, Events, NonFinite, Progress, Recording};
pub use simulation::{Input, Simulation};
pub use verify::{Difference, Verdict, verify, verify_file};

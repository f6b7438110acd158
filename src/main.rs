//! The command line: `dvdt run`, `check`, `emit`, `verify` and `bench`.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::Command::parse().execute()
}

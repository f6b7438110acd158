//! stub
#![allow(missing_docs, unused)]
#[derive(Clone, Copy, Debug)]
pub struct Stream { pub seed: u64, pub group: u32, pub number: u32 }
pub fn fill_uniform(stream: Stream, tick: u64, first: usize, out: &mut [f64]) {}
pub fn fill_normal(stream: Stream, tick: u64, first: usize, out: &mut [f64]) {}
pub fn fill_poisson(stream: Stream, tick: u64, first: usize, means: &[f64], out: &mut [i64]) {}
pub fn uniform(stream: Stream, tick: u64, element: usize) -> f64 { 0.0 }
pub fn normal(stream: Stream, tick: u64, element: usize) -> f64 { 0.0 }
pub fn poisson(stream: Stream, tick: u64, element: usize, mean: f64) -> i64 { 0 }

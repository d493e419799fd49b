//! Binaries that were cut, damaged or made to do harm: each ends in an outcome with words, never in
//! a panic, a stack that overflows or a wait. Also the kept inputs of the fuzz target.
#![cfg(test)]

mod corpus;
mod crafted;
mod targets;

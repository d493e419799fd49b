//! What must hold for any profile and any bytes: laws of the stages, survival of damaged input in
//! linear time, and the kept inputs of the fuzz targets.
#![cfg(test)]

mod corpus;
mod damage;
mod laws;
mod random;
mod targets;

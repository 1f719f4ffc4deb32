//! The first stage under real shells, with a stand-in for the slave: a shell script that says HELLO.

mod cache;
mod cold;
mod cut;
mod dialogue;
mod failure;
mod lifetime;
mod login;
mod process;
mod support;
mod warm;

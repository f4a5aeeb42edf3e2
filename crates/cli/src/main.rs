//! `roomful`: a command for those who write and run rooms.
//!
//! It is a client, and stands on nothing of the server's but the words of the protocol in `roomful-core`. `door` is what is asked
//! for (an address, a room, credentials), `client` is the connection, and each command has a module of its own.

mod args;
mod client;
mod doctor;
mod door;
mod failure;
mod load;
mod new;
mod screen;
mod signal;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use failure::Failure;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("roomful: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Watch(watch) => watch::run(&watch).await,
        Command::Doctor(doctor) => doctor::run(&doctor).await,
        Command::Load(load) => load::run(&load).await,
        Command::New(new) => new::run(&new),
    }
}

//! `zymogen bundle`

use super::start;
use crate::build::{self, Images, Sources, StdModules};
use crate::error::{Error, Exit};
use crate::output::Screen;
use crate::output::text::printable;
use std::path::PathBuf;
use std::sync::Arc;

/// Make one file that needs nothing else: this program with all that it ships.
///
/// Run from a checkout, zymogen builds slaves and standard modules when it
/// first needs them, and for that it needs cargo. A bundle carries them: the
/// slaves for all kinds of machines, and the standard modules. It is linked
/// statically, so that it runs on any Linux machine of this one's kind,
/// without Rust, without this checkout, without the network. Copy it wherever
/// you want to start from.
///
/// ZYMOGEN_IMAGES, the directory of files that go before those it was built
/// with, works with a bundle, too. What is in a bundle is checked when it is
/// used. Do not `strip` it: that cuts off what it carries. It is stripped
/// already.
///
/// To build the slave for the other architecture takes a C compiler for it. If
/// none is there, you are told which to install.
///
/// Examples:
///
///     zymogen bundle
///     zymogen bundle -o ~/bin/zymogen
///     cargo run -p host -- bundle --profile dev -o /tmp/zymogen
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct BundleArgs {
    /// The file to write; what is there is replaced. `zymogen-MACHINE` in this directory if it is not given.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// How cargo builds the program.
    #[arg(long, value_name = "NAME", default_value = "bundle")]
    profile: String,

    /// Use this zymogen, which was built already, instead of building one. It need not be static.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    program: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &BundleArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    start::listen(screen, 0);
    let progress = start::building(screen);
    let sources = Sources::from_env()?;
    let images = Images::new(sources.clone(), progress.clone());
    let modules = StdModules::new(sources, progress.clone());
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => build::program(&arguments.profile, &*progress)?,
    };
    let output = arguments.output.clone();
    let output = output.unwrap_or_else(|| format!("zymogen-{}", std::env::consts::ARCH).into());
    let size = build::bundle(&program, &images, &modules, &output)?;
    screen.clear();
    let path = printable(&output.display().to_string()).into_owned();
    let mib = size as f64 / f64::from(1 << 20);
    screen.result(&format!("{path}: {mib:.1} MiB\n"))?;
    Ok(Exit::Done)
}

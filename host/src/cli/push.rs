//! `zymogen push`

use super::build::built;
use super::locked::LockedArgs;
use super::start::Start;
use crate::error::{Error, Exit};
use crate::module::wit::Wit;
use crate::output::text::{printable, printable_json};
use crate::output::{Format, Screen};
use crate::project::Manifest;
use crate::project::manifest::About;
use crate::registry::{Artifact, Reference, World};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// How the OCI calls what is said about an image.
const PREFIX: &str = "org.opencontainers.image.";

/// Push a module to a registry of the OCI, where containers are kept, too.
///
/// REFERENCE says where: oci:HOST[:PORT]/REPOSITORY[:TAG]. What is printed has
/// the digest behind it; with that it is a MODULE for every command, and for
/// plans, that can never become another one.
///
/// The module is stored as wkg and other tools store components, with what
/// [module] of zymogen.toml says of it: name, version, description, authors,
/// licenses, source. What it imports is not stored with it. To push the same
/// component again changes nothing.
///
/// Credentials are those of `docker login`. A registry on this machine,
/// localhost or 127.0.0.1, is spoken to without TLS. See docs/REGISTRY.md.
///
/// Examples:
///
///     zymogen push oci:registry.example.com/acme/motd:1.2.0
///     zymogen push ./motd/build/motd.wasm oci:localhost:5000/motd:1
///     zymogen call local oci:localhost:5000/motd:1 'run({...}, check)'
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, allow_missing_positional = true)]
pub struct PushArgs {
    /// The path of a component, or the name of a standard module. None: build the project in this directory.
    module: Option<String>,

    /// Where to push it.
    reference: String,

    /// Say something about it, as org.opencontainers.image.url=https://...; may be repeated.
    #[arg(short, long = "annotation", value_name = "KEY=VALUE", value_parser = annotation)]
    annotations: Vec<(String, String)>,

    /// For people, or JSON for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    output: Format,

    #[command(flatten)]
    locked: LockedArgs,
}

/// Runs the command.
pub fn run(arguments: &PushArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let reference: Reference = arguments.reference.parse()?;
    let start = Start::new(screen, 0)?;
    let (name, about) = match &arguments.module {
        Some(name) => (name.clone(), About::default()),
        None => {
            let project = Manifest::read(Path::new("."))?;
            let (path, _) = built(&project, &start, &arguments.locked)?;
            let path = Path::new(".").join(path);
            (path.to_string_lossy().into_owned(), project.about)
        }
    };
    let part = start.repository().read(&name)?;
    let wit = Wit::of(&part.name, &part.bytes)?;
    let mut annotations = annotations(&part.name, about);
    annotations.extend(arguments.annotations.iter().cloned());
    let (exports, imports) = (wit.export_names(), wit.import_names());
    let artifact = Artifact {
        component: &part.bytes,
        world: World {
            exports: &exports,
            imports: &imports,
        },
        annotations: &annotations,
    };
    let pushed = start.repository().registries().push(&reference, artifact)?;
    screen.clear();
    let text = pushed.to_string();
    let text = match arguments.output {
        Format::Human => printable(&text).into_owned(),
        Format::Json => {
            let digest = pushed.digest().map(ToString::to_string);
            let size = part.bytes.len();
            let line = json!({ "v": 1, "reference": text, "digest": digest, "size": size });
            printable_json(line.to_string())
        }
    };
    screen.result(&format!("{text}\n"))?;
    Ok(Exit::Done)
}

fn annotations(name: &str, about: About) -> BTreeMap<String, String> {
    let entries = [
        ("title", Some(name.to_owned())),
        ("version", about.version),
        ("description", about.description),
        ("authors", about.authors),
        ("licenses", about.licenses),
        ("source", about.source),
    ];
    let said = entries.into_iter();
    said.filter_map(|(key, value)| Some((format!("{PREFIX}{key}"), value?)))
        .collect()
}

fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("an annotation is KEY=VALUE".to_owned()),
    }
}

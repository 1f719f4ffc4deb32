//! The command line as such: what it takes, what it says, how it ends.

use super::{Arguments, Command};
use crate::deploy::Outcome;
use crate::deploy::event::HostStatus;
use crate::error::Exit;
use clap::{CommandFactory, Parser};

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
}

#[test]
fn the_definition_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn options_have_the_names_that_people_try() {
    for line in [
        "zymogen deploy",
        "zymogen deploy web.toml -C -D -f 5 -e a=1 -e @vars.toml -o json -vv",
        "zymogen deploy -n --detailed-exitcode",
        "zymogen deploy --dry-run --diff --forks 3 --set a=b --limit local",
        "zymogen deploy --list-tasks",
        "zymogen deploy --timeout 5m --memory 1GiB --max-output 64KiB",
        "zymogen call local m f() --grant read:/etc --grant system",
        "zymogen doc",
        "zymogen doc file -o json",
        "zymogen tree local,local local -o json -v",
        "zymogen push oci:localhost:5000/motd:1",
        "zymogen push ./motd.wasm oci:localhost:5000/motd -a a=b -o json",
        "zymogen lock web.toml",
        "zymogen deploy web.toml --locked",
    ] {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line));
    }
}

#[test]
fn nonsense_is_refused_before_anything_happens() {
    for line in [
        "zymogen",
        "zymogen depoly",
        "zymogen deploy --detailed-exitcode",
        "zymogen deploy -f 0",
        "zymogen deploy -e novalue",
        "zymogen deploy -e a-b=1",
        "zymogen deploy --memory lots",
        "zymogen call local",
        "zymogen tree",
        "zymogen push",
        "zymogen push ./motd.wasm oci:localhost:5000/motd -a b",
        "zymogen call local m f() --grant everything",
        "zymogen deploy --list-tasks --list-hosts",
    ] {
        let error = parse(line).map(|_| ()).unwrap_err();
        assert!(error.use_stderr() || line == "zymogen", "{line}");
    }
}

#[test]
fn help_shows_the_exit_statuses() {
    let mut command = Arguments::command();
    let mut helps = vec![command.render_long_help()];
    for name in ["deploy", "call", "tree"] {
        let command = command.find_subcommand_mut(name).unwrap();
        helps.push(command.render_long_help());
    }
    for help in helps {
        let help = help.to_string();
        for status in ["0    done", "64   the command line", "130  interrupted"] {
            assert!(help.contains(status), "{help}");
        }
    }
}

/// Options are wrapped by clap. Paragraphs are shown as they are written: wrapped once more they would be ragged.
#[test]
fn help_fits_into_a_terminal() {
    let mut command = Arguments::command();
    command.build();
    let mut commands = vec![command.clone()];
    commands.extend(command.get_subcommands().cloned());
    assert_eq!(commands.len(), 12);
    for mut command in commands {
        let written = [command.get_long_about(), command.get_after_long_help()];
        for text in written.into_iter().flatten() {
            for line in text.to_string().lines() {
                assert!(line.chars().count() <= 76, "{line}");
            }
        }
        for help in [command.render_long_help(), command.render_help()] {
            for line in help.to_string().lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }
}

#[test]
fn the_worst_host_decides_how_a_deployment_ends() {
    let Command::Deploy(deploy) = parse("zymogen deploy").unwrap().command else {
        panic!("it is `deploy`")
    };
    let exit = |statuses: &[HostStatus]| {
        let mut outcome = Outcome::default();
        for status in statuses {
            outcome.hosts.count(*status);
        }
        deploy.exit(&outcome)
    };
    assert_eq!(exit(&[HostStatus::Done]), Exit::Done);
    let worse = [
        (HostStatus::Failed, Exit::Failed),
        (HostStatus::Unreachable, Exit::Unreachable),
        (HostStatus::Denied, Exit::Denied),
        (HostStatus::Cancelled, Exit::Interrupted),
    ];
    let mut hosts = vec![HostStatus::Done];
    for (status, expected) in worse {
        hosts.push(status);
        assert_eq!(exit(&[status]), expected);
        assert_eq!(exit(&hosts), expected);
    }
}

//! Functions of any module, called one after the other in one instance.

use super::Tester;
use crate::error::{Error, Fate};
use crate::master::{CallOptions, CallResult, Context};
use crate::module::Function;
use crate::project::manifest::CallsTest;
use crate::value::{CallText, to_wave};
use proto::Policy;
use proto::policy::Grant;
use runtime::value;
use std::path::Path;
use wasmtime::component::Val;

/// A call, and what must come of it.
struct Step {
    text: String,
    function: Function,
    arguments: Vec<Val>,
    /// In WAVE, as it is printed; none where a function has no result.
    gives: Option<Option<String>>,
}

impl Tester<'_> {
    /// How it is not as expected. What cannot be called is not, either.
    pub(super) async fn calls(
        &self,
        context: &Context,
        test: &CallsTest,
        scratch: &Path,
    ) -> Result<Vec<String>, Error> {
        let (options, steps) = match self.prepared(test, scratch) {
            Ok(prepared) => prepared,
            Err(why) => return Ok(why.lines().map(str::to_owned).collect()),
        };
        let instance = context.instance(self.module, options);
        let mut problems = Vec::new();
        for step in steps {
            let called = instance.call(&step.function, &step.arguments).await;
            let result = called.map_err(|error| Error::input(error.to_string()))?;
            if let Some(fate) = Fate::of(&result, &self.project.name) {
                problems.push(format!("{}: {}", step.text, fate.message));
                break;
            }
            let found = match &result {
                CallResult::Returned(Some(val)) | CallResult::Failed(val) => Some(to_wave(val)),
                _ => None,
            };
            if let Some(expected) = step.gives.filter(|expected| *expected != found) {
                let shown = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
                let (expected, found) = (shown(expected), shown(found));
                problems.push(format!("{}: expected {expected}, found {found}", step.text));
            }
        }
        instance.end().await;
        Ok(problems)
    }

    fn prepared(
        &self,
        test: &CallsTest,
        scratch: &Path,
    ) -> Result<(CallOptions, Vec<Step>), String> {
        let grants = test.grants.iter().map(|text| grant(text, scratch));
        let options = CallOptions {
            policy: Policy {
                grants: grants.collect::<Result<_, _>>()?,
            },
            limits: self.limits,
            ..CallOptions::default()
        };
        let mut gives = test.gives.iter();
        let steps = test.calls.iter();
        let steps = steps.map(|text| self.step(placed(text, scratch), gives.next(), scratch));
        Ok((options, steps.collect::<Result<_, _>>()?))
    }

    fn step(&self, text: String, gives: Option<&String>, scratch: &Path) -> Result<Step, String> {
        let wrong = |error: &dyn std::fmt::Display| error.to_string();
        let call = CallText::parse(&text).map_err(|error| wrong(&error))?;
        let function = self.module.function(call.export());
        let function = function.map_err(|error| wrong(&error))?;
        for slots in [&function.params, &function.results] {
            value::supported(slots).map_err(|error| wrong(&error))?;
        }
        let arguments = call.to_vals(&function.params);
        let arguments = arguments.map_err(|error| wrong(&error))?;
        let gives = gives.map(|gives| {
            // As if it were the argument of a call: read, and printed as results are.
            let gives = format!("gives({})", placed(gives, scratch));
            let read = CallText::parse(&gives)?.to_vals(&function.results)?;
            Ok(read.first().map(to_wave))
        });
        let gives = gives
            .transpose()
            .map_err(|error: crate::value::CallError| {
                wrong(&format!("{}: {error}", call.export()))
            })?;
        Ok(Step {
            function,
            arguments,
            gives,
            text,
        })
    }
}

/// With the scratch directory where a text of WAVE is `@` or begins with `@/`.
fn placed(wave: &str, scratch: &Path) -> String {
    let scratch = scratch.display();
    let wave = wave.replace("\"@/", &format!("\"{scratch}/"));
    wave.replace("\"@\"", &format!("\"{scratch}\""))
}

/// What a grant means in which a word may begin with the scratch directory.
fn grant(text: &str, scratch: &Path) -> Result<Grant, String> {
    let (kind, resource) = text.split_once(':').unwrap_or((text, ""));
    let words = resource
        .split(' ')
        .map(|word| match word.strip_prefix('@') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                format!("{}{rest}", scratch.display())
            }
            _ => word.to_owned(),
        });
    let words = words.collect::<Vec<_>>().join(" ");
    let placed = match text.contains(':') {
        true => format!("{kind}:{words}"),
        false => text.to_owned(),
    };
    placed
        .parse()
        .map_err(|error| format!("the grant `{text}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{grant, placed};
    use std::path::Path;

    #[test]
    fn the_scratch_directory_stands_where_a_text_begins_with_its_sign() {
        let scratch = Path::new("/tmp/x");
        let wave = placed(r#"f("@", "@/a", "b@/c", @/d)"#, scratch);
        assert_eq!(wave, r#"f("/tmp/x", "/tmp/x/a", "b@/c", @/d)"#);
        for (text, meant) in [
            ("read:@/a", "read:/tmp/x/a"),
            (
                "exec:/bin/cat @ @/a me@there",
                "exec:/bin/cat /tmp/x /tmp/x/a me@there",
            ),
            ("system", "system"),
        ] {
            let grant = grant(text, scratch).expect(text);
            assert_eq!(grant.to_string(), meant);
        }
        assert!(grant("raed:@/a", scratch).is_err());
    }
}

//! `kubectl:POD`: a container of a running pod, by `kubectl exec`.
//!
//! Not tested against a cluster, only against kubectl's documentation.

use super::{Argument, Hop, Sign};
use connect::{Boot, Phase};

/// Options: `namespace`, `container`, `context` and `kubeconfig`, as kubectl's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kubectl {
    pod: String,
    namespace: Option<String>,
    container: Option<String>,
    context: Option<String>,
    kubeconfig: Option<String>,
}

impl Kubectl {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let known = ["namespace", "container", "context", "kubeconfig"];
        let argument = Argument::parse(text, &known)?;
        let owned = |name| argument.option(name).map(str::to_owned);
        Ok(Self {
            pod: argument.need("a pod")?,
            namespace: owned("namespace"),
            container: owned("container"),
            context: owned("context"),
            kubeconfig: owned("kubeconfig"),
        })
    }
}

impl Hop for Kubectl {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let mut argv = vec!["kubectl".to_owned()];
        let options = [
            ("--kubeconfig", &self.kubeconfig),
            ("--context", &self.context),
            ("--namespace", &self.namespace),
        ];
        for (option, value) in options {
            argv.extend(value.as_ref().map(|value| format!("{option}={value}")));
        }
        argv.extend(["exec", "--stdin", &self.pod].map(str::to_owned));
        let container = self.container.as_ref();
        argv.extend(container.map(|container| format!("--container={container}")));
        argv.push("--".to_owned());
        argv.extend(boot.argv());
        argv
    }

    fn signs(&self) -> &'static [Sign] {
        &SIGNS
    }
}

const SIGNS: [Sign; 6] = [
    Sign {
        says: "(NotFound)",
        phase: Phase::Resolve,
        hint: "there is no such pod in this namespace: `{hop}?namespace=NAME`",
    },
    Sign {
        says: "container not found",
        phase: Phase::Resolve,
        hint: "the pod has no such container, or it does not run",
    },
    Sign {
        says: "Unable to connect to the server",
        phase: Phase::Resolve,
        hint: "check kubectl's configuration: `kubectl cluster-info`",
    },
    Sign {
        says: "The connection to the server",
        phase: Phase::Resolve,
        hint: "check kubectl's configuration: `kubectl cluster-info`",
    },
    Sign {
        says: "(Forbidden)",
        phase: Phase::Authenticate,
        hint: "this user may not create `pods/exec`",
    },
    Sign {
        says: "executable file not found",
        phase: Phase::FirstStage,
        hint: "the container has no `sh`, which is all that is needed",
    },
];

//! The whole tree as it is now: each context says how it is.

use super::Master;
use super::context::inspect;
use proto::ContextId;
use proto::message::{Dead, Inspection};
use std::collections::BTreeMap;
use tokio::task::JoinSet;

/// One context of the tree.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// Its id.
    pub context: ContextId,
    /// Who started it. None for the master.
    pub parent: Option<ContextId>,
    /// What people call it.
    pub name: String,
    /// What it says of itself, or why it says nothing.
    pub state: Result<Inspection, Dead>,
}

impl Master {
    /// Asks all contexts at once how they are. Parents come before their children, in the order in which they would be
    /// drawn as a tree. A context that does not answer within 5 s is shown as it is.
    pub async fn survey(&self) -> Vec<Surveyed> {
        let members = self.contexts();
        let mut asked = JoinSet::new();
        for (context, parent) in &members {
            let (broker, context, parent) = (self.shared.broker.clone(), *context, *parent);
            let name = self.shared.library.name(context);
            asked.spawn(async move {
                let state = inspect(&broker, context).await;
                Surveyed {
                    context,
                    parent: Some(parent),
                    name,
                    state,
                }
            });
        }
        let mut mine = self.inspect();
        mine.pid = std::process::id();
        mine.resident = runtime::resident();
        let master = Surveyed {
            context: ContextId::MASTER,
            parent: None,
            name: "master".to_owned(),
            state: Ok(mine),
        };
        let mut found = vec![master];
        while let Some(surveyed) = asked.join_next().await {
            // It fails only when the program ends.
            found.extend(surveyed);
        }
        drawn(found)
    }
}

/// In the order of a tree: each context before its children, those by their ids.
fn drawn(mut all: Vec<Surveyed>) -> Vec<Surveyed> {
    all.sort_by_key(|one| one.context);
    let mut below: BTreeMap<Option<ContextId>, Vec<Surveyed>> = BTreeMap::new();
    // Taken from the end: the smallest id first.
    for one in all.into_iter().rev() {
        below.entry(one.parent).or_default().push(one);
    }
    let mut drawn = Vec::new();
    let mut next = below.remove(&None).unwrap_or_default();
    while let Some(one) = next.pop() {
        next.extend(below.remove(&Some(one.context)).unwrap_or_default());
        drawn.push(one);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::{Surveyed, drawn};
    use proto::ContextId;
    use proto::message::Inspection;

    fn one(context: u32, parent: Option<u32>) -> Surveyed {
        Surveyed {
            context: ContextId(context),
            parent: parent.map(ContextId),
            name: String::new(),
            state: Ok(Inspection::default()),
        }
    }

    #[test]
    fn parents_come_before_their_children_and_siblings_by_their_ids() {
        let all = vec![
            one(5, Some(1)),
            one(1, Some(0)),
            one(3, Some(2)),
            one(2, Some(0)),
            one(0, None),
            one(4, Some(1)),
        ];
        let order: Vec<_> = drawn(all).iter().map(|one| one.context.0).collect();
        assert_eq!(order, [0, 1, 4, 5, 2, 3]);
    }
}

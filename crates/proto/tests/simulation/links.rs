//! What happens to links: bytes come and go, wait for room, and are lost.

use crate::network::{BULK_ROOM, LONGEST, TOO_MUCH};
use crate::tree::Tree;
use crate::world::{Event, World};
use bytes::Bytes;
use proto::message::Down;
use proto::router::Input;
use proto::{Flags, Frame, LinkId};
use std::time::Duration;

impl World {
    pub fn transmit(&mut self, node: usize, link: LinkId, frame: &Frame) {
        let header = frame.header;
        if header.reply_to.is_dynamic() {
            self.awaited.push((header.src, header.reply_to));
        }
        if let Some((wire, side)) = self.nodes[node].links.get(&link).copied() {
            if self.wires[wire].ways[side].waiting[0] > TOO_MUCH && !self.is_lying(node) {
                // It is given up in this very moment.
                return;
            }
            self.wires[wire].ways[side].push(frame);
            self.check_queue(wire, side, header.flags == Flags::BULK);
            self.write(wire, side);
            self.pause_or_resume(node);
        }
    }

    fn is_lying(&self, node: usize) -> bool {
        self.check.tree.hostile.contains(&self.nodes[node].id)
    }

    /// No queue passes its bound. What is not a piece of a stream: a link on which too much of it waits is given
    /// up at once. Pieces, upwards: the room that there is and a frame, for neither children nor its own senders are
    /// listened to beyond that. Downwards: that, and what the credit of each channel allows that leads
    /// over this link, a window and a frame; and what the hostile send without any, which no hop can tell from the rest.
    /// Their own queues they fill as they like.
    fn check_queue(&mut self, wire: usize, side: usize, bulk: bool) {
        let waiting = self.wires[wire].ways[side].waiting;
        let [parent, child] = [0, 1].map(|end| self.nodes[self.wires[wire].ends[end].node].id);
        let tree = &self.check.tree;
        if tree.hostile.contains(&[parent, child][side]) {
            return;
        }
        if !bulk {
            assert!(
                waiting[0] <= TOO_MUCH + LONGEST,
                "{} bytes wait",
                waiting[0]
            );
            if waiting[0] > TOO_MUCH {
                assert!(!tree.hostile.is_empty(), "{} bytes wait", waiting[0]);
                self.at(self.now, Event::TooMuch(wire, side));
            }
        } else if waiting[1] > BULK_ROOM + LONGEST {
            assert_eq!(side, 0, "{} bytes of streams wait upwards", waiting[1]);
            let below = |tree: &Tree, it| tree.is_at_or_below(it, child);
            let over = self
                .channels
                .iter()
                .filter(|(from, to, _)| below(tree, *to) && !below(tree, *from));
            let allowed: usize = over.map(|(_, _, window)| window + LONGEST).sum();
            let bound = BULK_ROOM + LONGEST + allowed + self.forged;
            assert!(
                waiting[1] <= bound,
                "{} bytes of streams wait, not {bound}",
                waiting[1]
            );
        }
    }

    /// Writes the next frame, unless another is being written, or the other side has stopped to read.
    pub fn write(&mut self, wire: usize, side: usize) {
        let Self {
            wires, rng, now, ..
        } = self;
        let wire_ = &mut wires[wire];
        let reads = wire_.ends[1 - side].unread.is_empty();
        if wire_.ways[side].busy || !reads || !wire_.ends[side].open {
            return;
        }
        let way = &mut wire_.ways[side];
        let Some(bytes) = way.pop() else {
            return;
        };
        way.busy = true;
        let pieces = way.send(rng, *now, &bytes);
        let written = way.written().max(*now);
        for (at, piece) in pieces {
            self.at(at, Event::Arrive(wire, 1 - side, piece));
        }
        self.at(written, Event::Written(wire, side));
    }

    pub fn written(&mut self, wire: usize, side: usize) {
        self.wires[wire].ways[side].busy = false;
        self.write(wire, side);
        if side == 1 {
            self.pause_or_resume(self.wires[wire].ends[1].node);
        }
    }

    /// A context reads from its children as long as there is room towards its parent.
    pub fn pause_or_resume(&mut self, node: usize) {
        let links: Vec<_> = self.nodes[node].links.values().copied().collect();
        let up = links.iter().find(|(_, side)| *side == 1).copied();
        for (wire, side) in links {
            // What one of them has to say may leave no room for the next.
            let full = up.is_some_and(|(wire, _)| !self.wires[wire].ways[1].has_room());
            let end = &mut self.wires[wire].ends[side];
            if side == 1 || end.paused == full {
                continue;
            }
            end.paused = full;
            if full {
                self.check.seen.note("paused");
                continue;
            }
            let link = end.link;
            for bytes in std::mem::take(&mut end.unread) {
                end.decoder.push(&bytes);
            }
            if end.open {
                // What it did not listen to was no silence.
                let now = self.now;
                self.silent
                    .entry((wire, side))
                    .and_modify(|since| *since = now);
                self.input(node, Input::Heard { link });
                self.read(wire, side);
            }
            self.write(wire, 1 - side);
        }
    }

    pub fn arrive(&mut self, wire: usize, side: usize, bytes: Bytes) {
        let silent = self.wires[wire].ways[1 - side].silent;
        let end = &mut self.wires[wire].ends[side];
        if !end.open || silent {
            return;
        }
        if end.paused {
            return end.unread.push_back(bytes);
        }
        end.decoder.push(&bytes);
        let (node, link) = (end.node, end.link);
        if !self.read(wire, side) && self.wires[wire].ends[side].open {
            self.input(node, Input::Heard { link });
        }
    }

    /// Gives the router the frames that are whole. False if there is none.
    fn read(&mut self, wire: usize, side: usize) -> bool {
        let mut whole = false;
        loop {
            let end = &mut self.wires[wire].ends[side];
            let (node, link) = (end.node, end.link);
            if !end.open || end.paused {
                return whole;
            }
            match end.decoder.next_frame() {
                Ok(Some(frame)) => {
                    whole = true;
                    self.input(node, Input::Frame { link, frame });
                }
                Ok(None) => return whole,
                Err(error) => self.lose(node, link, Down::Corrupt(error.to_string())),
            }
        }
    }

    pub fn hangup(&mut self, wire: usize, side: usize) {
        let end = &self.wires[wire].ends[side];
        if !end.open || self.wires[wire].ways[1 - side].silent {
            return;
        }
        if end.paused {
            // What came before comes first.
            return self.at(
                self.now + Duration::from_millis(20),
                Event::Hangup(wire, side),
            );
        }
        let why = match end.decoder.finish() {
            Ok(()) => Down::Closed,
            Err(error) => Down::Corrupt(error.to_string()),
        };
        self.lose(end.node, end.link, why);
    }

    /// A peer that does not read what it makes others say is given up.
    pub fn too_much(&mut self, wire: usize, side: usize) {
        let end = &self.wires[wire].ends[side];
        if end.open {
            let (node, link) = (end.node, end.link);
            self.check.seen.note("link: too much waits");
            self.wires[wire].harmed = true;
            self.lose(node, link, Down::ClosedHere);
        }
    }

    /// A link is gone, and its router is told.
    pub fn lose(&mut self, node: usize, link: LinkId, why: Down) {
        self.forget(node, link, &why);
        self.input(node, Input::LinkDown { link, why });
    }

    /// A link is gone: this side of its wire is closed, and the other will notice.
    pub fn forget(&mut self, node: usize, link: LinkId, why: &Down) {
        let Some((wire, side)) = self.nodes[node].links.remove(&link) else {
            return;
        };
        let silent = self.silent.get(&(wire, side)).copied();
        let harmed = self.wires[wire].harmed;
        self.check.lost(harmed, why, silent, self.now);
        // Closing is a reason for the other side to lose it, too.
        self.wires[wire].harmed = true;
        let end = &mut self.wires[wire].ends[side];
        end.open = false;
        end.unread.clear();
        let at = self.wires[wire].ways[side].arrival(self.now, Duration::ZERO);
        self.at(at, Event::Hangup(wire, 1 - side));
        self.pause_or_resume(node);
    }
}

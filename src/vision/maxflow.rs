//! The smallest cut of a graph between two ends, after Boykov and Kolmogorov, "An experimental
//! comparison of min-cut/max-flow algorithms for energy minimization in vision" (2004): two trees grow
//! towards each other from the ends; where they meet, flow is pushed, and what loses its root is adopted.

use std::collections::VecDeque;

const NONE: u32 = u32::MAX;
const TERMINAL: u32 = u32::MAX - 1;
const ORPHAN: u32 = u32::MAX - 2;

/// Which tree a node hangs in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tree {
    Free,
    Source,
    Sink,
}

/// One direction of a link; the other direction is its number with the lowest bit flipped.
struct Arc {
    to: u32,
    next: u32,
    room: i32,
}

struct Node {
    first: u32,
    parent: u32,
    tree: Tree,
    /// Room from the source (positive) or to the sink (negative).
    end: i32,
    stamp: u32,
    depth: u32,
    queued: bool,
}

/// A graph whose nodes are cut apart into source and sink.
pub(super) struct Graph {
    nodes: Vec<Node>,
    arcs: Vec<Arc>,
    active: VecDeque<u32>,
    orphans: VecDeque<u32>,
    time: u32,
}

impl Graph {
    /// `nodes` nodes without links.
    pub(super) fn new(nodes: usize) -> Self {
        let node = || Node {
            first: NONE,
            parent: NONE,
            tree: Tree::Free,
            end: 0,
            stamp: 0,
            depth: 0,
            queued: false,
        };
        Self {
            nodes: (0..nodes).map(|_| node()).collect(),
            arcs: Vec::with_capacity(nodes * 8),
            active: VecDeque::new(),
            orphans: VecDeque::new(),
            time: 0,
        }
    }

    /// What it costs to put a node on the sink's side rather than the source's; may be negative.
    pub(super) fn prefer_source(&mut self, node: usize, cost: i32) {
        self.nodes[node].end += cost;
    }

    /// What it costs to part two nodes, either way round.
    pub(super) fn link(&mut self, a: usize, b: usize, cost: i32) {
        let arc = self.arcs.len() as u32;
        self.arcs.push(Arc { to: b as u32, next: self.nodes[a].first, room: cost });
        self.arcs.push(Arc { to: a as u32, next: self.nodes[b].first, room: cost });
        self.nodes[a].first = arc;
        self.nodes[b].first = arc + 1;
    }

    /// Cuts; then [`Graph::is_source`] answers.
    pub(super) fn cut(&mut self) {
        for i in 0..self.nodes.len() {
            let node = &mut self.nodes[i];
            if node.end != 0 {
                node.tree = if node.end > 0 { Tree::Source } else { Tree::Sink };
                (node.parent, node.depth) = (TERMINAL, 1);
                self.activate(i);
            }
        }
        while let Some(&i) = self.active.front() {
            let i = i as usize;
            // A node stays at the front until nothing more grows from it.
            let meeting = if self.nodes[i].parent == NONE { None } else { self.grow(i) };
            if let Some(arc) = meeting {
                self.time += 1;
                self.push(arc);
                while let Some(orphan) = self.orphans.pop_front() {
                    self.adopt(orphan as usize);
                }
            } else {
                self.active.pop_front();
                self.nodes[i].queued = false;
            }
        }
    }

    /// Whether a node ended on the source's side.
    pub(super) fn is_source(&self, node: usize) -> bool {
        self.nodes[node].tree == Tree::Source
    }

    fn activate(&mut self, node: usize) {
        if !self.nodes[node].queued {
            self.nodes[node].queued = true;
            self.active.push_back(node as u32);
        }
    }

    /// Room along an arc in the direction in which its tree sends flow away from the root.
    fn outward(&self, tree: Tree, arc: u32) -> i32 {
        let arc = if tree == Tree::Source { arc } else { arc ^ 1 };
        self.arcs[arc as usize].room
    }

    /// Grows the tree of `node`; the arc from source tree to sink tree where they meet.
    fn grow(&mut self, node: usize) -> Option<u32> {
        let tree = self.nodes[node].tree;
        let (stamp, depth) = (self.nodes[node].stamp, self.nodes[node].depth);
        let mut arc = self.nodes[node].first;
        while arc != NONE {
            let to = self.arcs[arc as usize].to as usize;
            if self.outward(tree, arc) > 0 {
                let other = self.nodes[to].tree;
                if other == Tree::Free {
                    let new = &mut self.nodes[to];
                    (new.tree, new.parent, new.stamp, new.depth) =
                        (tree, arc ^ 1, stamp, depth + 1);
                    self.activate(to);
                } else if other != tree {
                    return Some(if tree == Tree::Source { arc } else { arc ^ 1 });
                } else if self.nodes[to].stamp <= stamp && self.nodes[to].depth > depth + 1 {
                    let near = &mut self.nodes[to];
                    (near.parent, near.stamp, near.depth) = (arc ^ 1, stamp, depth + 1);
                }
            }
            arc = self.arcs[arc as usize].next;
        }
        None
    }

    /// Pushes as much as fits through the path that meets at `meeting`.
    fn push(&mut self, meeting: u32) {
        let from = self.arcs[meeting as usize ^ 1].to as usize;
        let to = self.arcs[meeting as usize].to as usize;
        let room = self.arcs[meeting as usize].room;
        let flow = room.min(self.room_to_root(from)).min(self.room_to_root(to));
        self.arcs[meeting as usize].room -= flow;
        self.arcs[meeting as usize ^ 1].room += flow;
        self.push_to_root(from, flow);
        self.push_to_root(to, flow);
    }

    fn room_to_root(&self, mut node: usize) -> i32 {
        let tree = self.nodes[node].tree;
        let mut room = i32::MAX;
        loop {
            let parent = self.nodes[node].parent;
            if parent == TERMINAL {
                return room.min(self.nodes[node].end.abs());
            }
            room = room.min(self.outward(tree, parent ^ 1));
            node = self.arcs[parent as usize].to as usize;
        }
    }

    fn push_to_root(&mut self, mut node: usize, flow: i32) {
        let tree = self.nodes[node].tree;
        loop {
            let parent = self.nodes[node].parent;
            if parent == TERMINAL {
                let end = &mut self.nodes[node].end;
                *end -= flow * end.signum();
                if *end == 0 {
                    self.orphan(node);
                }
                return;
            }
            let down = if tree == Tree::Source { parent ^ 1 } else { parent };
            self.arcs[down as usize].room -= flow;
            self.arcs[down as usize ^ 1].room += flow;
            let up = self.arcs[parent as usize].to as usize;
            if self.arcs[down as usize].room == 0 {
                self.orphan(node);
            }
            node = up;
        }
    }

    fn orphan(&mut self, node: usize) {
        self.nodes[node].parent = ORPHAN;
        self.orphans.push_back(node as u32);
    }

    /// Finds a new parent whose root is an end, or frees the node and makes orphans of its children.
    fn adopt(&mut self, node: usize) {
        let tree = self.nodes[node].tree;
        let (mut best, mut best_depth) = (NONE, u32::MAX);
        let mut arc = self.nodes[node].first;
        while arc != NONE {
            let to = self.arcs[arc as usize].to as usize;
            if self.nodes[to].tree == tree
                && self.outward(tree, arc ^ 1) > 0
                && let Some(depth) = self.depth_of(to)
                && depth < best_depth
            {
                (best, best_depth) = (arc, depth);
            }
            arc = self.arcs[arc as usize].next;
        }
        if best == NONE {
            self.free(node);
        } else {
            let n = &mut self.nodes[node];
            (n.parent, n.stamp, n.depth) = (best, self.time, best_depth + 1);
        }
    }

    /// Steps from a node to its end, when it still hangs on one; marks the way for later askers.
    fn depth_of(&mut self, start: usize) -> Option<u32> {
        let (mut node, mut steps) = (start, 0);
        let depth = loop {
            let n = &self.nodes[node];
            if n.parent == TERMINAL {
                break steps + 1;
            }
            if n.parent == ORPHAN || n.parent == NONE {
                return None;
            }
            if n.stamp == self.time {
                break steps + n.depth;
            }
            steps += 1;
            node = self.arcs[n.parent as usize].to as usize;
        };
        let (mut node, mut here) = (start, depth);
        while self.nodes[node].stamp != self.time {
            let n = &mut self.nodes[node];
            (n.stamp, n.depth) = (self.time, here);
            if n.parent == TERMINAL {
                break;
            }
            here = here.saturating_sub(1);
            node = self.arcs[n.parent as usize].to as usize;
        }
        Some(depth)
    }

    fn free(&mut self, node: usize) {
        let tree = self.nodes[node].tree;
        let mut arc = self.nodes[node].first;
        while arc != NONE {
            let to = self.arcs[arc as usize].to as usize;
            if self.nodes[to].tree == tree {
                if self.outward(tree, arc ^ 1) > 0 {
                    self.activate(to);
                }
                let parent = self.nodes[to].parent;
                if parent < ORPHAN && self.arcs[parent as usize].to as usize == node {
                    self.orphan(to);
                }
            }
            arc = self.arcs[arc as usize].next;
        }
        (self.nodes[node].tree, self.nodes[node].parent) = (Tree::Free, NONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small pseudo-random sequence (Marsaglia's xorshift).
    fn sequence(seed: u32) -> impl FnMut(u32) -> u32 {
        let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
        move |below| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state % below
        }
    }

    #[test]
    fn no_other_cut_of_a_small_graph_is_cheaper() {
        for seed in 1..400 {
            let mut random = sequence(seed);
            let n = 3 + random(7) as usize;
            let ends: Vec<i32> = (0..n).map(|_| random(41) as i32 - 20).collect();
            let links: Vec<(usize, usize, i32)> = (0..n * 2)
                .map(|_| (random(n as u32) as usize, random(n as u32) as usize, random(15) as i32))
                .filter(|(a, b, _)| a != b)
                .collect();
            let cost = |source: &dyn Fn(usize) -> bool| {
                let ends = ends
                    .iter()
                    .enumerate()
                    .map(|(i, &e)| if source(i) { (-e).max(0) } else { e.max(0) });
                let parted = links.iter().filter(|(a, b, _)| source(*a) != source(*b)).map(|l| l.2);
                ends.chain(parted).sum::<i32>()
            };
            let best = (0..1_u32 << n).map(|set| cost(&|i| set >> i & 1 == 1)).min().unwrap();
            let mut graph = Graph::new(n);
            ends.iter().enumerate().for_each(|(i, &e)| graph.prefer_source(i, e));
            links.iter().for_each(|&(a, b, c)| graph.link(a, b, c));
            graph.cut();
            assert_eq!(cost(&|i| graph.is_source(i)), best, "seed {seed}");
        }
    }

    #[test]
    fn a_noisy_disk_on_a_grid_comes_out_whole() {
        let (w, h) = (120, 100);
        let mut random = sequence(7);
        let mut graph = Graph::new(w * h);
        let inside = |i: usize| ((i % w) as f32 - 60.0).hypot((i / w) as f32 - 50.0) < 30.0;
        for i in 0..w * h {
            let wrong = random(100) < 25;
            graph.prefer_source(i, if inside(i) == wrong { -10 } else { 10 });
            if i % w + 1 < w {
                graph.link(i, i + 1, 12);
            }
            if i / w + 1 < h {
                graph.link(i, i + w, 12);
            }
        }
        graph.cut();
        let wrong = (0..w * h).filter(|&i| graph.is_source(i) != inside(i)).count();
        assert!(wrong < 120, "{wrong}");
    }
}

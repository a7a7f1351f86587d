//! Scenes as proptest draws and simplifies them.

use crate::random::Draw;
use crate::{Ground, Law, Scene};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::fmt;
use std::vec::IntoIter;

/// The scenes that a law draws on a ground.
pub struct Scenes<'g> {
    /// The law.
    pub law: &'static Law,
    /// The ground.
    pub ground: &'g Ground,
}

impl fmt::Debug for Scenes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scenes").field(&self.law.id).finish()
    }
}

impl Strategy for Scenes<'_> {
    type Tree = SceneTree;
    type Value = Scene;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let scene = (self.law.draw)(&mut Draw::new(runner.rng()), self.ground);
        scene
            .map(SceneTree::new)
            .ok_or_else(|| "the ground offers nothing that the law is about".into())
    }
}

/// A scene that can be made simpler.
pub struct SceneTree {
    /// The simplest scene so far that is known to be wanted.
    kept: Scene,
    /// A simpler one, about which it is not known yet.
    tried: Option<Scene>,
    left: IntoIter<Scene>,
}

impl SceneTree {
    /// Returns the tree of a scene.
    pub fn new(scene: Scene) -> SceneTree {
        SceneTree {
            left: Vec::new().into_iter(),
            tried: Some(scene.clone()),
            kept: scene,
        }
    }

    fn next(&mut self) -> bool {
        self.tried = self.left.next();
        self.tried.is_some()
    }
}

impl ValueTree for SceneTree {
    type Value = Scene;

    fn current(&self) -> Scene {
        self.tried.as_ref().unwrap_or(&self.kept).clone()
    }

    /// What is tried is wanted: goes on from there.
    fn simplify(&mut self) -> bool {
        if let Some(tried) = self.tried.take() {
            self.left = tried.simpler().into_iter();
            self.kept = tried;
        }
        self.next()
    }

    /// What is tried is not wanted: tries another one.
    fn complicate(&mut self) -> bool {
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Def, Module};

    #[test]
    fn a_scene_is_made_as_small_as_it_can_be() {
        let defines =
            |file: &str, value: i64| Module::defines(file, &["a".into()], Def::Merge(vec![Def::Int(value)]).when(true));
        let scene = Scene {
            modules: vec![defines("a.nix", 3), defines("b.nix", 700), defines("c.nix", 5)],
            choices: vec![9],
        };
        // Wanted is a number of at least 100 somewhere.
        let wanted = |scene: &Scene| {
            format!("{scene:?}")
                .split(|c: char| !c.is_ascii_digit())
                .any(|n| n.len() >= 3)
        };
        let mut tree = SceneTree::new(scene);
        while if wanted(&tree.current()) {
            tree.simplify()
        } else {
            tree.complicate()
        } {}
        let smallest = Scene {
            modules: vec![Module::defines("b.nix", &["a".into()], Def::Int(175))],
            choices: vec![0],
        };
        assert_eq!(tree.current(), smallest);
    }
}

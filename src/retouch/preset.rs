//! Presets: looks that a studio keeps as files and shares.
//!
//! A preset is no recipe: it says what to change about the finish that each picture gets by itself,
//! so that one preset suits a whole shoot. One file of `presets` is one preset; a studio's own are
//! files of the same form.

use super::proxy::Proxy;
use super::recipe::{Recipe, RecipeError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A look.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Version of the form; readers refuse a newer one.
    version: u32,
    /// Name for people.
    pub name: String,
    /// One sentence: what it is for.
    pub about: String,
    /// Whether it starts from what each picture asks for (the one-key finish), or from nothing.
    #[serde(default = "yes")]
    pub automatic: bool,
    /// Steps of the one-key finish that are left out.
    #[serde(default)]
    pub without: Vec<String>,
    /// `step.parameter` and the value that it gets.
    #[serde(default)]
    pub set: BTreeMap<String, toml::Value>,
}

const fn yes() -> bool {
    true
}

/// The form that this version reads.
const VERSION: u32 = 1;

/// Those that Culet brings, in the order shown.
const BUILT_IN: &[&str] = &[
    include_str!("presets/catalogue.toml"),
    include_str!("presets/catalogue-white.toml"),
    include_str!("presets/minimal.toml"),
    include_str!("presets/editorial-dark.toml"),
    include_str!("presets/yellow-gold.toml"),
    include_str!("presets/silver.toml"),
    include_str!("presets/diamonds.toml"),
    include_str!("presets/pearls.toml"),
];

impl Preset {
    /// Those that Culet brings.
    pub fn built_in() -> Vec<Self> {
        BUILT_IN.iter().filter_map(|text| Self::parse(text).ok()).collect()
    }

    /// One of [`Self::built_in`] by its name or identifier, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let wanted = slug(name);
        Self::built_in().into_iter().find(|p| p.id() == wanted)
    }

    /// Reads a preset in TOML. Every step and value is checked: what it does not know is refused.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        let preset: Self =
            toml::from_str(text).map_err(|e| RecipeError::Damaged(e.message().to_owned()))?;
        if preset.version > VERSION {
            return Err(RecipeError::Newer(preset.version));
        }
        preset.change(&mut Recipe::default())?;
        Ok(preset)
    }

    /// Its name on the command line: `catalogue-white`.
    pub fn id(&self) -> String {
        slug(&self.name)
    }

    /// The recipe that it makes for a picture.
    pub fn recipe(&self, proxy: &Proxy) -> Recipe {
        let mut recipe = if self.automatic { Recipe::automatic(proxy) } else { Recipe::default() };
        recipe.steps.retain(|s| !self.without.iter().any(|w| w == s.id()));
        // Checked when it was read.
        self.change(&mut recipe).ok();
        recipe
    }

    fn change(&self, recipe: &mut Recipe) -> Result<(), RecipeError> {
        for (name, value) in &self.set {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            recipe.set(name, &text)?;
        }
        Ok(())
    }
}

/// Lower case, words joined by hyphens.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::super::plan::plan;
    use super::super::tests::scene;
    use super::*;
    use crate::imaging::Picture;

    #[test]
    fn every_preset_that_culet_brings_is_read_named_and_does_something() {
        let picture = Picture::from_srgb8(scene(300, 200));
        let proxy = Proxy::new(&picture, None);
        let all = Preset::built_in();
        assert_eq!(all.len(), BUILT_IN.len());
        for preset in &all {
            assert!(preset.about.ends_with('.'), "{}", preset.name);
            assert_eq!(Preset::named(&preset.name).as_ref(), Some(preset));
            let out = plan(&preset.recipe(&proxy), &proxy).render(&picture);
            assert!(out != picture, "{}", preset.name);
        }
        assert!(Preset::named("Catalogue White").is_some() && Preset::named("none").is_none());
    }

    #[test]
    fn what_a_preset_does_not_know_is_refused_in_words() {
        let text = |set: &str| format!("version = 1\nname = \"x\"\nabout = \"y.\"\n[set]\n{set}");
        let error = Preset::parse(&text("\"glow.size\" = 1")).unwrap_err().to_string();
        assert!(error.contains("glow"), "{error}");
        let error = Preset::parse(&text("\"tone.contrast\" = 9")).unwrap_err().to_string();
        assert!(error.contains("from -1 to 1"), "{error}");
        assert!(Preset::parse("version = 9\nname = \"x\"\nabout = \"y.\"").is_err());
    }
}

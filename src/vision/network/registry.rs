//! The models that Culet knows: `models/models.toml`, built into the program.

use super::NetworkError;
use serde::Deserialize;
use std::path::Path;

/// What the picture's bytes are divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Divide {
    /// The largest of the picture.
    #[default]
    #[serde(rename = "maximum")]
    Maximum,
    /// 255.
    #[serde(rename = "255")]
    Full,
}

/// What a mask is believed about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decides {
    /// Which thing is meant.
    Object,
    /// What is inside it.
    Interior,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Spec {
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// Its file, without folders.
    #[serde(default)]
    pub file: String,
    /// SHA-256 of the file, hexadecimal; empty for a model of the user's own.
    #[serde(default)]
    pub sha256: String,
    /// Licence of the weights.
    #[serde(default)]
    pub licence: String,
    /// What its makers want said.
    #[serde(default)]
    pub notice: String,
    /// The package that it comes in.
    #[serde(default)]
    pub package: String,
    /// Side of its square input in pixels.
    #[serde(default = "usual_input")]
    pub input: usize,
    /// What the picture is divided by.
    #[serde(default)]
    pub divide: Divide,
    /// Taken off each channel after that, red green blue.
    #[serde(default = "usual_mean")]
    pub mean: [f32; 3],
    /// What each channel is divided by after that.
    #[serde(default = "usual_deviation")]
    pub deviation: [f32; 3],
    /// What its mask is believed about.
    #[serde(default)]
    pub decides: Vec<Decides>,
}

fn usual_input() -> usize {
    320
}

// Mean and deviation of ImageNet.
fn usual_mean() -> [f32; 3] {
    [0.485, 0.456, 0.406]
}

fn usual_deviation() -> [f32; 3] {
    [0.229, 0.224, 0.225]
}

impl Spec {
    /// How a model of the user's own wants its picture: the text beside it, or the usual way.
    pub(super) fn beside(path: &Path) -> Result<Self, NetworkError> {
        let text = std::fs::read_to_string(path.with_extension("toml")).unwrap_or_default();
        let mut spec: Self =
            toml::from_str(&text).map_err(|e| NetworkError::Registry(e.to_string()))?;
        spec.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        spec.decides = vec![Decides::Object, Decides::Interior];
        spec.checked()
    }

    fn checked(self) -> Result<Self, NetworkError> {
        let plain = !self.file.contains(['/', '\\']);
        let numbers = self.mean.iter().all(|v| v.is_finite())
            && self.deviation.iter().all(|v| v.is_finite() && *v > 0.0);
        if plain && numbers && (32..=2048).contains(&self.input) {
            Ok(self)
        } else {
            Err(NetworkError::Registry(format!(
                "{}: input must be 32 to 2048, deviation above 0, file a plain name",
                self.name
            )))
        }
    }
}

/// All models that Culet knows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Registry {
    /// In order of preference.
    #[serde(rename = "model")]
    pub models: Vec<Spec>,
}

impl Registry {
    /// The registry that this program was built with.
    pub fn built_in() -> Result<Self, NetworkError> {
        Self::parse(include_str!("../../../models/models.toml"))
    }

    /// A registry from its text.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let raw: Self = toml::from_str(text).map_err(|e| NetworkError::Registry(e.to_string()))?;
        let models = raw.models.into_iter().map(Spec::checked).collect::<Result<_, _>>()?;
        Ok(Self { models })
    }

    /// The model of a name.
    pub fn find(&self, name: &str) -> Option<&Spec> {
        self.models.iter().find(|m| m.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_registry_is_whole() {
        let registry = Registry::built_in().unwrap();
        let small = registry.find("u2netp").unwrap();
        assert_eq!((small.input, small.divide), (320, Divide::Maximum));
        for model in &registry.models {
            assert_eq!(model.sha256.len(), 64, "{}", model.name);
            assert!(!model.licence.is_empty() && !model.package.is_empty(), "{}", model.name);
        }
    }

    #[test]
    fn wild_registries_are_refused() {
        for bad in [
            "input = 0",
            "input = 99999999",
            "deviation = [0, 1, 1]",
            "file = \"../x\"",
            "mean = 3",
        ] {
            let text = format!("[[model]]\nname = \"a\"\n{bad}\n");
            assert!(matches!(Registry::parse(&text), Err(NetworkError::Registry(_))), "{bad}");
        }
    }
}

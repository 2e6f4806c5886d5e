//! Coarse masks from a model file, through tract. The only place that names tract.
//!
//! A file is opened when its hash is the one that the [`Registry`] pins, or when the user put it there
//! as their own ([`Network::open_own`]). Either way it is read within limits, and one that is damaged,
//! wrong or hostile ends in a sentence. What remains possible: a hostile model of the user's own can be slow.

mod convolve;
mod guard;
mod order;
mod registry;
mod subject;

pub use registry::{Decides, Divide, Registry, Spec};
pub use subject::SubjectNetwork;

use crate::imaging::{Mask, Rgb8, files, resize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tract_onnx::prelude::*;

/// Why a model gives no mask.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// There is no such file.
    #[error("{0} is not there; `scripts/fetch-models` fetches it, and Culet works without it")]
    Missing(PathBuf),
    /// The file could not be read.
    #[error("{0} could not be read: {1}")]
    Io(PathBuf, std::io::Error),
    /// Its hash is not the pinned one.
    #[error(
        "{0} is not the file that the registry names (its SHA-256 is {1}); delete it and run `scripts/fetch-models`"
    )]
    WrongFile(PathBuf, String),
    /// Larger than any model that Culet opens.
    #[error("{0} has {1} MB, more than Culet opens")]
    TooLarge(PathBuf, u64),
    /// Not a model, or one that does not run.
    #[error("{0} is not a model that Culet can run: {1}")]
    Damaged(PathBuf, String),
    /// The registry's text is not right.
    #[error("the model registry is damaged: {0}")]
    Registry(String),
    /// The picture has no pixels.
    #[error("the picture is empty")]
    EmptyPicture,
}

/// A model that is ready to run. Runs do not change it: two pictures may be done side by side.
#[derive(Clone)]
pub struct Network {
    spec: Spec,
    path: PathBuf,
    plan: Arc<TypedRunnableModel>,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Network {} {}", self.spec.name, self.path.display())
    }
}

impl Network {
    /// Opens a model of the registry from a folder, when its hash is right.
    pub fn open(folder: &Path, spec: &Spec) -> Result<Self, NetworkError> {
        let path = folder.join(&spec.file);
        let bytes = guard::read(&path)?;
        let hash = files::sha256(&bytes);
        if hash != spec.sha256 {
            return Err(NetworkError::WrongFile(path, hash));
        }
        Self::load(path, &bytes, spec.clone())
    }

    /// Opens a model of the user's own. A text file beside it with the ending `.toml` and the registry's keys
    /// `input`, `divide`, `mean`, `deviation` says how it wants its picture; without one, as U2-Net does.
    pub fn open_own(path: &Path) -> Result<Self, NetworkError> {
        let bytes = guard::read(path)?;
        let spec = Spec::beside(path)?;
        Self::load(path.to_owned(), &bytes, spec)
    }

    fn load(path: PathBuf, bytes: &[u8], spec: Spec) -> Result<Self, NetworkError> {
        let plan = plan_of(bytes, [1, 3, spec.input, spec.input]);
        match plan {
            Ok(plan) => Ok(Self { spec, path, plan }),
            Err(why) => Err(NetworkError::Damaged(path, why)),
        }
    }

    /// What the registry says of it.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Where the subject is, as coarse as the model's input; stretch it over the picture.
    pub fn mask(&self, picture: &Rgb8) -> Result<Mask, NetworkError> {
        let input = prepare(picture, &self.spec).ok_or(NetworkError::EmptyPicture)?;
        let (values, w, h) = self.run(&input)?;
        let (lo, hi) = values.iter().fold((f32::MAX, f32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        // As its makers do: the least value is outside, the largest inside.
        let scale = if hi - lo > 1e-6 { 255.0 / (hi - lo) } else { 0.0 };
        Ok(Mask { w, h, data: values.iter().map(|v| ((v - lo) * scale + 0.5) as u8).collect() })
    }

    /// Runs on a prepared input of `3 * side * side` values, channel by channel; the first output and
    /// its width and height.
    pub fn run(&self, input: &[f32]) -> Result<(Vec<f32>, usize, usize), NetworkError> {
        let side = self.spec.input;
        let result = run(&self.plan, &[1, 3, side, side], input.to_vec(), map_of);
        result.map_err(|why| NetworkError::Damaged(self.path.clone(), why))
    }
}

/// A model file, looked through first, ready to run on inputs of one shape.
fn plan_of(bytes: &[u8], shape: [usize; 4]) -> Result<Arc<TypedRunnableModel>, String> {
    guard::calmly(|| {
        guard::inspect(bytes)?;
        typed(bytes, shape)
            .and_then(convolve::direct)
            .and_then(order::looked_up)
            .and_then(TypedModel::into_optimized)
            .and_then(IntoRunnable::into_runnable)
            .map_err(|e| e.root_cause().to_string())
    })
}

/// A model file as tract reads it, for inputs of one shape, before anything of it is Culet's own.
fn typed(bytes: &[u8], shape: [usize; 4]) -> TractResult<TypedModel> {
    onnx()
        .model_for_read(&mut std::io::Cursor::new(bytes))
        .and_then(|m| m.with_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), shape)))
        .and_then(InferenceModelExt::into_typed)
        .and_then(TypedModel::into_decluttered)
}

/// A tensor that takes its values over; one made of a slice would copy them.
fn tensor(shape: &[usize], values: Vec<f32>) -> TractResult<Tensor> {
    Ok(tract_ndarray::ArrayD::from_shape_vec(shape, values)?.into())
}

/// Runs a model and reads its first output.
fn run<T>(
    plan: &Arc<TypedRunnableModel>,
    shape: &[usize],
    input: Vec<f32>,
    read: impl FnOnce(&Tensor) -> Result<T, String>,
) -> Result<T, String> {
    guard::calmly(|| {
        let tensor = tensor(shape, input).map_err(|e| e.to_string())?;
        let outputs = plan.run(tvec!(tensor.into())).map_err(|e| e.root_cause().to_string())?;
        read(outputs.first().ok_or("it has no output")?)
    })
}

/// The last two sides of an output that is one map, without values that are no numbers.
fn map_of(output: &Tensor) -> Result<(Vec<f32>, usize, usize), String> {
    let shape = output.shape();
    let (&[.., h, w], 2..) = (shape, shape.len()) else {
        return Err(format!("its output has the shape {shape:?}, not that of a map"));
    };
    let view = output.to_plain_array_view::<f32>().map_err(|e| e.to_string())?;
    let values: Vec<f32> = view.iter().take(w * h).copied().collect();
    if values.is_empty() || values.len() != w * h || values.iter().any(|v| !v.is_finite()) {
        return Err("its output is empty or not numbers".to_owned());
    }
    Ok((values, w, h))
}

/// The picture as the model wants it: stretched to its square, divided, normalised, channel by channel.
/// `None` of an empty picture.
pub fn prepare(picture: &Rgb8, spec: &Spec) -> Option<Vec<f32>> {
    if picture.w == 0 || picture.h == 0 {
        return None;
    }
    let small = resize::rgb8(picture, spec.input, spec.input);
    let bytes = &small.data;
    let divisor = match spec.divide {
        Divide::Maximum => f32::from(bytes.iter().copied().max()?.max(1)),
        Divide::Full => 255.0,
    };
    let value = |c: usize, p: &[u8]| (f32::from(p[c]) / divisor - spec.mean[c]) / spec.deviation[c];
    Some((0..3).flat_map(|c| bytes.chunks_exact(3).map(move |p| value(c, p))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
    }

    /// The small network, when `scripts/fetch-models` could fetch it.
    fn u2netp() -> Option<Network> {
        let registry = Registry::built_in().unwrap();
        let network = Network::open(&folder(), registry.find("u2netp").unwrap());
        if matches!(network, Err(NetworkError::Missing(_))) {
            println!("skipped: models/u2netp.onnx is not there");
            return None;
        }
        Some(network.unwrap())
    }

    #[test]
    fn the_network_agrees_with_onnxruntime() {
        let Some(network) = u2netp() else { return };
        // models/onnxruntime-u2netp.csv says the command that recorded it.
        let recorded = include_str!("../../../models/onnxruntime-u2netp.csv");
        let side = 320;
        let input: Vec<f32> = (0..3 * side * side)
            .map(|i| {
                let (c, y, x) = (i / (side * side), i / side % side, i % side);
                let disk = (x as f32 - 150.0).hypot(y as f32 - 170.0) < 70.0;
                if disk { 1.5 - 0.5 * c as f32 } else { 0.25 * ((x + 2 * y + c) % 7) as f32 - 1.0 }
            })
            .collect();
        let (values, w, h) = network.run(&input).unwrap();
        assert_eq!((w, h), (side, side));
        let mut seen = 0;
        for line in recorded.lines().filter(|l| !l.starts_with('#')) {
            let v: Vec<f64> = line.split(',').map(|t| t.trim().parse().unwrap()).collect();
            let got = f64::from(values[v[1] as usize * side + v[0] as usize]);
            assert!((got - v[2]).abs() < 1e-3, "{line}: {got}");
            seen += 1;
        }
        assert!(seen >= 20);
    }

    #[test]
    fn the_network_sees_a_disk() {
        let Some(network) = u2netp() else { return };
        let picture = Rgb8::from_fn(400, 300, |x, y| {
            if (x as f32 - 200.0).hypot(y as f32 - 150.0) < 80.0 { [180, 60, 30] } else { [235; 3] }
        });
        let mask = network.mask(&picture).unwrap();
        assert!(mask.at(160, 160) > 200 && mask.at(10, 10) < 50);
        assert!(matches!(network.mask(&Rgb8::default()), Err(NetworkError::EmptyPicture)));
    }

    #[test]
    fn bad_files_are_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::built_in().unwrap();
        let spec = registry.find("u2netp").unwrap();
        let say = |bytes: &[u8]| {
            files::write_atomic(&folder.path().join("own.onnx"), bytes).unwrap();
            Network::open_own(&folder.path().join("own.onnx")).unwrap_err().to_string()
        };
        assert!(matches!(Network::open(folder.path(), spec), Err(NetworkError::Missing(_))));
        files::write_atomic(&folder.path().join(&spec.file), b"not it").unwrap();
        assert!(matches!(Network::open(folder.path(), spec), Err(NetworkError::WrongFile(..))));
        for bytes in [&b""[..], b"\x89PNG\r\n", &[0xff; 4096], &[8, 7, 58, 0xff, 0xff, 0xff, 0x7f]]
        {
            assert!(say(bytes).contains("not a model"), "{}", say(bytes));
        }
        // A tensor that claims 2^60 values.
        let dims = [&[0x08][..], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]].concat();
        let tensor = [&dims[..], &[0x10, 1]].concat();
        let graph = [&[0x2a, tensor.len() as u8][..], &tensor].concat();
        let model = [&[0x08, 7, 0x3a, graph.len() as u8][..], &graph].concat();
        assert!(say(&model).contains("claims"), "{}", say(&model));
    }

    #[test]
    fn a_model_that_is_cut_off_anywhere_is_refused() {
        let path = folder().join("u2netp.onnx");
        let Ok(bytes) = std::fs::read(&path) else {
            println!("skipped: models/u2netp.onnx is not there");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        for share in [3, 40, 97] {
            let own = folder.path().join("own.onnx");
            files::write_atomic(&own, &bytes[..bytes.len() * share / 100]).unwrap();
            assert!(matches!(Network::open_own(&own), Err(NetworkError::Damaged(..))), "{share} %");
        }
    }
}

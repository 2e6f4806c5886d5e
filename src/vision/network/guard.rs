//! Reading model files of strangers: limits before anything is allocated, and no panic gets out.

use super::NetworkError;
use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tract_onnx::pb::{GraphProto, ModelProto, TensorProto, tensor_proto::DataLocation};
use tract_onnx::prelude::Framework as _;

/// No larger file is opened, bytes.
const MOST_BYTES: u64 = 1 << 30;
/// No tensor may claim more values.
const MOST_VALUES: i64 = 1 << 28;
/// No graph may have more nodes, counting the graphs inside it.
const MOST_NODES: usize = 20_000;

/// A whole file within the limit.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, NetworkError> {
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => NetworkError::Missing(path.to_owned()),
        _ => NetworkError::Io(path.to_owned(), e),
    };
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > MOST_BYTES {
        return Err(NetworkError::TooLarge(path.to_owned(), size >> 20));
    }
    let mut bytes = Vec::new();
    // A device or a growing file may lie about its size.
    (&mut file).take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Runs something that may panic on bad input; a panic becomes a sentence.
pub(super) fn calmly<T>(f: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f))
        .unwrap_or_else(|_| Err("it asks for something impossible".to_owned()))
}

/// Refuses what would make the reader allocate wildly or open other files.
pub(super) fn inspect(bytes: &[u8]) -> Result<(), String> {
    let model: ModelProto = tract_onnx::onnx()
        .proto_model_for_read(&mut std::io::Cursor::new(bytes))
        .map_err(|_| "it is damaged or no ONNX file".to_owned())?;
    let graph = model.graph.ok_or("it holds no graph")?;
    let mut nodes = 0;
    graph_is_modest(&graph, &mut nodes)
}

fn graph_is_modest(graph: &GraphProto, nodes: &mut usize) -> Result<(), String> {
    *nodes += graph.node.len();
    if *nodes > MOST_NODES {
        return Err(format!("it has more than {MOST_NODES} nodes"));
    }
    graph.initializer.iter().try_for_each(tensor_is_modest)?;
    for attribute in graph.node.iter().flat_map(|n| &n.attribute) {
        attribute.t.iter().chain(&attribute.tensors).try_for_each(tensor_is_modest)?;
        for inner in attribute.g.iter().chain(&attribute.graphs) {
            graph_is_modest(inner, nodes)?;
        }
    }
    Ok(())
}

fn tensor_is_modest(tensor: &TensorProto) -> Result<(), String> {
    let values =
        tensor.dims.iter().try_fold(1_i64, |n, &d| if d < 0 { None } else { n.checked_mul(d) });
    if values.is_none_or(|n| n > MOST_VALUES) {
        return Err(format!("a tensor in it claims the shape {:?}", tensor.dims));
    }
    let elsewhere = tensor.data_location == Some(DataLocation::External as i32);
    if elsewhere || !tensor.external_data.is_empty() {
        return Err("it keeps weights in other files".to_owned());
    }
    Ok(())
}

//! Catalogue, stock and routing over HTTP.

mod catalogue;
mod routing;
mod upload;

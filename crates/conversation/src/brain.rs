//! The catalogue's index for understanding, kept in memory and built anew when the catalogue changes.

use std::collections::HashMap;
use std::sync::Arc;

use db::{DbError, Tx};
use kernel::ProductId;
use parking_lot::Mutex;

/// The index with what it stands for. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Brain(Arc<Mutex<Option<Arc<Index>>>>);

/// An index of one version of the catalogue.
#[derive(Debug)]
pub struct Index {
    version: (i64, i64),
    /// What understanding matches against.
    pub catalogue: understand::Catalogue,
    /// Products by SKU.
    pub products: HashMap<String, catalog::Product>,
    /// SKUs by product.
    pub skus: HashMap<ProductId, String>,
}

impl Index {
    pub(crate) fn new(version: (i64, i64), products: Vec<catalog::Product>) -> Self {
        Self {
            version,
            catalogue: understand::Catalogue::new(products.iter().map(known).collect()),
            skus: products.iter().map(|product| (product.id, product.sku.clone())).collect(),
            products: products.into_iter().map(|product| (product.sku.clone(), product)).collect(),
        }
    }

    /// A catalogue of these products alone, for what can be about nothing else.
    pub fn only(&self, ids: &[ProductId]) -> understand::Catalogue {
        understand::Catalogue::new(ids.iter().filter_map(|id| self.by_id(*id)).map(known).collect())
    }

    /// The product with this SKU.
    pub fn by_sku(&self, sku: &str) -> Option<&catalog::Product> {
        self.products.get(sku)
    }

    /// The product with this id.
    pub fn by_id(&self, id: ProductId) -> Option<&catalog::Product> {
        self.skus.get(&id).and_then(|sku| self.products.get(sku))
    }
}

fn known(product: &catalog::Product) -> understand::Product {
    understand::Product {
        sku: product.sku.clone(),
        name: product.name.clone(),
        name_ne: product.name_ne.clone(),
        unit: product.unit.clone(),
        aliases: product.aliases.clone(),
        pack: product.pack.as_ref().map(|pack| (pack.quantity, pack.unit.clone())),
    }
}

impl Brain {
    /// The index of the catalogue as this transaction sees it. One statement, two after a change of the catalogue.
    pub async fn index(&self, tx: &mut Tx) -> Result<Arc<Index>, DbError> {
        let version = catalog::version(tx).await?;
        if let Some(index) = self.0.lock().as_ref().filter(|index| index.version == version) {
            return Ok(index.clone());
        }
        let index = Arc::new(Index::new(version, catalog::active_products(tx).await?));
        *self.0.lock() = Some(index.clone());
        Ok(index)
    }
}

//! Metadata of SAML identity providers.

use super::samples::NOW;
use crate::store::Store;
use crate::store::idp_metadata::IdpMetadata;

fn fetched(document: &str, at: i64) -> IdpMetadata {
    IdpMetadata {
        idp: "adfs".to_owned(),
        source: "https://adfs.example/metadata.xml".to_owned(),
        document: document.to_owned(),
        fetched_at: at,
    }
}

pub(super) async fn the_last_metadata_that_was_fetched_is_kept(store: &Store) {
    assert_eq!(store.idp_metadata("adfs").await.unwrap(), None);
    let version = store.version().await.unwrap();
    for (document, at) in [("<a/>", NOW), ("<b>é</b>", NOW + 1), ("<c/>", NOW + 1)] {
        let metadata = fetched(document, at);
        store.put_idp_metadata(&metadata).await.unwrap();
        assert_eq!(store.idp_metadata("adfs").await.unwrap(), Some(metadata));
    }
    // Of a node that was slow.
    store.put_idp_metadata(&fetched("<a/>", NOW)).await.unwrap();
    let kept = store.idp_metadata("adfs").await.unwrap().unwrap();
    assert_eq!(kept.document, "<c/>");
    assert_eq!(store.idp_metadata("other").await.unwrap(), None);
    assert_eq!(store.version().await.unwrap(), version);
}

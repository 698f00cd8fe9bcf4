use super::*;

#[test]
fn what_is_no_metadata_is_called_what_it_is() {
    let reading = Reading::at(0);
    let read = |text: &str| IdpMetadata::read(text.as_bytes(), &reading).unwrap_err();
    assert_eq!(read(" \r\n"), MetadataError::Empty);
    assert_eq!(read("\u{feff}"), MetadataError::Empty);
    assert_eq!(read("{\"issuer\": 1}"), MetadataError::Json);
    for page in [
        "\n<!DOCTYPE HTML><p>",
        "<html><br></html>",
        "\u{feff}<html/>",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>",
    ] {
        assert_eq!(read(page), MetadataError::WebPage, "{page}");
    }
    assert_eq!(read("<a/>"), MetadataError::Root);
    assert_eq!(
        read("<a>"),
        MetadataError::Document(SamlError::Malformed("an element is not closed"))
    );
    assert_eq!(read("<a>").reason(), "saml.provider");
}

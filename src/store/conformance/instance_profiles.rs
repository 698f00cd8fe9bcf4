//! Instance profiles, and users and roles by what trust policies call them.

use super::refused;
use super::samples::{DEV, NOW, PROD, accounts, role, tag, user};
use crate::store::instance_profiles::InstanceProfile;
use crate::store::{Store, StoreError};

fn profile(name: &str) -> InstanceProfile {
    InstanceProfile {
        account: DEV.to_owned(),
        name: name.to_owned(),
        path: "/web/".to_owned(),
        unique_id: format!("AIPA{name}"),
        arn: format!("arn:aws:iam::{DEV}:instance-profile/web/{name}"),
        role_id: None,
        tags: vec![tag("Team", "a")],
        created_at: NOW,
    }
}

pub(super) async fn an_instance_profile_is_created_found_listed_and_deleted(store: &Store) {
    refused!(store.create_instance_profile(&profile("b")).await, NotFound);
    accounts(store).await;
    let (a, b) = (profile("A"), profile("b"));
    store.create_instance_profile(&b).await.unwrap();
    store.create_instance_profile(&a).await.unwrap();
    refused!(
        store.create_instance_profile(&profile("B")).await,
        AlreadyExists
    );
    let found = store.instance_profile(DEV, "a").await.unwrap();
    assert_eq!(found.as_ref(), Some(&a));
    assert_eq!(store.instance_profile(PROD, "a").await.unwrap(), None);
    assert_eq!(store.instance_profiles(DEV).await.unwrap(), [a, b]);
    store.delete_instance_profile(DEV, "B").await.unwrap();
    refused!(store.delete_instance_profile(DEV, "b").await, NotFound);
}

pub(super) async fn a_role_in_an_instance_profile_stays(store: &Store) {
    accounts(store).await;
    let role = role(DEV, "Web");
    store.create_role(&role).await.unwrap();
    store.create_instance_profile(&profile("p")).await.unwrap();
    let put = |role_id: Option<String>| {
        store.update_instance_profile::<StoreError>(DEV, "P", move |profile| {
            profile.role_id = role_id;
            profile.tags.clear();
            profile.unique_id = "AIPAOTHER".to_owned();
            Ok(())
        })
    };
    refused!(put(Some("AROANONE".to_owned())).await, NotFound);
    put(Some(role.unique_id.clone())).await.unwrap();
    let expected = InstanceProfile {
        role_id: Some(role.unique_id.clone()),
        tags: Vec::new(),
        ..profile("p")
    };
    let of_role = store.instance_profiles_of_role(&role.unique_id).await;
    assert_eq!(of_role.unwrap(), [expected]);
    refused!(store.delete_role(DEV, "Web").await, Conflict);
    refused!(store.delete_instance_profile(DEV, "p").await, Conflict);
    put(None).await.unwrap();
    store.delete_role(DEV, "Web").await.unwrap();
    store.delete_instance_profile(DEV, "p").await.unwrap();
}

pub(super) async fn a_principal_is_known_by_its_arn_and_by_its_unique_id(store: &Store) {
    accounts(store).await;
    let (ann, web) = (user(DEV, "ann"), role(PROD, "Web"));
    store.create_user(&ann, usize::MAX).await.unwrap();
    store.create_role(&web).await.unwrap();
    for (arn, id) in [(&ann.arn, &ann.unique_id), (&web.arn, &web.unique_id)] {
        assert_eq!(store.principal_id(arn).await.unwrap().as_ref(), Some(id));
        assert_eq!(store.principal_arn(id).await.unwrap().as_ref(), Some(arn));
    }
    let found = store.role_by_id(&web.unique_id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&web));
    // Principals are compared by the letter.
    let other_case = web.arn.replace("Web", "WEB");
    assert_eq!(store.principal_id(&other_case).await.unwrap(), None);
    store.delete_role(PROD, "Web").await.unwrap();
    assert_eq!(store.principal_arn(&web.unique_id).await.unwrap(), None);
    assert_eq!(store.role_by_id(&web.unique_id).await.unwrap(), None);
}

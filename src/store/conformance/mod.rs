//! The store's contract: one suite that every engine is held to. A new method comes with its case.
//!
//! It is compiled into the library because the integration tests are a crate of their own; nothing of the program
//! calls it. Each case is a function named for the fact it proves, and begins with an empty store. Cases are grouped
//! as the store's files are: one module for each noun that decides about access, [`last_use`] for what only tells,
//! [`values`] for one-use values and web sessions, [`token_buckets`] for limits, [`whole`] for the store as one thing.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a suite of tests that integration tests call; the program does not"
)]

mod account_facts;
mod groups;
mod idp_metadata;
mod instance_profiles;
mod keys_and_providers;
mod last_use;
mod managed_policies;
mod mfa_devices;
mod policies;
mod roles;
mod saml_providers;
mod samples;
mod signing_keys;
mod token_buckets;
mod users;
mod values;
mod whole;

use std::future::Future;

use tokio::task::JoinSet;

use super::{Store, StoreError};

/// How many tasks race for one thing.
const RACERS: usize = 16;

/// Runs cases one after the other, each in an empty store.
macro_rules! run {
    ($store:expr; $($group:ident::$case:ident,)*) => {
        $(
            println!("{}", stringify!($case));
            $store.reset().await.expect("the store can be emptied");
            $group::$case($store).await;
        )*
    };
}

/// Holds a store to its contract. `open` opens the *same* database every time it is called.
///
/// The database is a fresh one: the first case makes the tables, and one binds the key ring, which a reset keeps.
/// Panics at the first case that fails; the last name printed is that case's.
pub async fn conformance<Opening: Future<Output = Store>>(open: impl Fn() -> Opening) {
    let store = &open().await;
    whole::migrating_twice_does_nothing(store).await;
    run! { store;
        roles::an_account_is_put_renamed_and_listed,
        roles::a_role_comes_back_as_it_was_created,
        roles::a_role_is_found_ignoring_case,
        roles::a_role_name_is_unique_in_its_account_ignoring_case,
        roles::an_alias_is_unique_in_the_store_and_exact,
        roles::a_role_needs_its_account,
        roles::roles_are_listed_in_one_order_on_every_engine,
        roles::roles_are_read_a_page_at_a_time_in_that_order,
        roles::a_role_keeps_what_an_update_makes_of_it,
        roles::an_update_cannot_change_what_identifies_a_role,
        roles::a_failed_update_leaves_the_role_as_it_was,
        roles::updates_of_one_role_at_once_are_all_kept,
        roles::one_of_many_creators_of_a_role_wins,
        roles::a_role_with_policies_cannot_be_deleted,
        roles::a_user_is_created_found_and_listed,
        roles::a_user_can_be_renamed_but_not_onto_another,
        roles::a_user_with_keys_or_policies_cannot_be_deleted,
        users::an_account_takes_so_many_users,
        users::of_many_keys_at_once_an_owner_gets_so_many,
        users::a_login_profile_lives_and_dies,
        users::what_hangs_on_a_user_is_told_in_one_order,
        groups::a_group_is_created_found_and_listed,
        groups::an_account_takes_so_many_groups,
        groups::a_group_is_moved_and_keeps_its_users,
        groups::a_user_joins_once_and_leaves,
        groups::a_membership_needs_both_sides,
        groups::of_many_groups_at_once_a_user_joins_so_many,
        groups::a_group_with_users_or_policies_cannot_be_deleted,
        groups::every_change_to_groups_increases_the_version,
        last_use::the_latest_use_stands,
        last_use::a_deleted_key_was_never_used,
        policies::an_inline_policy_is_replaced_ignoring_case,
        policies::a_policy_needs_its_owner,
        policies::inline_policies_are_put_only_where_they_fit,
        policies::one_of_two_policies_that_do_not_fit_together_is_put,
        policies::an_owner_has_so_many_attached_policies_and_no_more,
        instance_profiles::an_instance_profile_is_created_found_listed_and_deleted,
        instance_profiles::a_role_in_an_instance_profile_stays,
        instance_profiles::a_principal_is_known_by_its_arn_and_by_its_unique_id,
        managed_policies::a_managed_policy_comes_back_as_it_was_created,
        managed_policies::a_managed_policy_name_is_unique_in_its_account_ignoring_case,
        managed_policies::an_account_has_no_more_managed_policies_than_it_may,
        managed_policies::one_of_many_creators_of_a_managed_policy_wins,
        managed_policies::a_managed_policy_has_versions_and_one_is_in_force,
        managed_policies::a_version_number_is_not_used_again,
        managed_policies::versions_created_at_once_stop_at_the_quota,
        managed_policies::the_version_in_force_cannot_be_deleted,
        managed_policies::a_managed_policy_with_several_versions_cannot_be_deleted,
        managed_policies::tags_of_a_managed_policy_are_changed_or_left,
        managed_policies::seeded_policies_are_written_once_and_corrected,
        managed_policies::a_policy_is_used_in_the_account_that_is_asked_about,
        policies::attached_policies_answer_the_documents_in_force,
        policies::a_managed_policy_in_use_cannot_be_deleted,
        account_facts::a_fact_is_kept_replaced_and_forgotten,
        account_facts::an_alias_belongs_to_one_account,
        account_facts::one_of_many_accounts_gets_an_alias,
        account_facts::an_account_counts_what_is_its_own,
        keys_and_providers::an_access_key_lives_and_dies,
        keys_and_providers::an_access_key_needs_a_user_of_its_account,
        keys_and_providers::an_oidc_provider_is_found_by_arn_and_by_url,
        keys_and_providers::an_oidc_provider_is_unique_by_arn_and_by_url,
        keys_and_providers::an_account_has_so_many_oidc_providers_and_no_more,
        keys_and_providers::an_upserted_oidc_provider_keeps_its_creation,
        keys_and_providers::client_ids_added_at_once_are_all_kept,
        keys_and_providers::a_later_revocation_stands_and_an_earlier_one_does_not,
        keys_and_providers::revocations_with_nothing_left_to_cut_are_forgotten,
        signing_keys::signing_keys_come_back_the_oldest_first,
        signing_keys::a_retired_key_is_gone_and_its_id_stays_taken,
        signing_keys::the_last_key_of_its_algorithm_stays,
        signing_keys::of_keys_retired_at_once_one_stays,
        saml_providers::a_saml_provider_lives_and_dies,
        saml_providers::a_saml_provider_is_unique_by_name_and_one_of_so_many,
        saml_providers::a_saml_provider_keeps_what_an_update_makes_of_it,
        saml_providers::keys_added_to_a_saml_provider_at_once_are_all_kept,
        roles::no_row_is_found_by_text_that_no_row_can_hold,
        roles::quotes_and_controls_are_data,
        values::a_value_is_used_once,
        values::kinds_do_not_see_each_other,
        values::one_of_many_users_of_a_value_wins,
        values::a_used_value_is_remembered_until_its_horizon,
        values::a_value_beyond_the_horizon_cannot_be_used,
        values::a_pending_value_is_taken_once,
        values::one_of_many_takers_of_a_value_wins,
        values::a_pending_value_cannot_be_taken_at_its_expiry,
        values::a_pending_value_is_not_overwritten,
        values::a_web_session_is_created_loaded_saved_and_deleted,
        values::the_database_learns_neither_the_id_nor_the_body_of_a_web_session,
        values::a_new_web_session_gets_another_id_when_its_own_is_taken,
        values::a_deleted_web_session_is_not_brought_back_by_saving,
        values::a_web_session_ends_at_its_expiry,
        values::a_body_moved_to_another_web_session_is_no_session,
        values::a_web_session_whose_body_does_not_open_is_no_session,
        values::expired_web_sessions_are_deleted_and_others_stay,
        mfa_devices::a_device_comes_back_as_it_was_created,
        mfa_devices::a_device_name_is_unique_in_its_account_ignoring_case,
        mfa_devices::a_device_is_assigned_resynchronised_and_taken_back,
        mfa_devices::a_device_of_somebody_else_is_left_alone,
        mfa_devices::a_user_has_so_many_devices_and_no_more,
        mfa_devices::codes_that_were_used_assign_nothing,
        mfa_devices::tags_of_a_device_are_changed_where_they_stand,
        idp_metadata::the_last_metadata_that_was_fetched_is_kept,
        token_buckets::a_bucket_gives_what_it_holds_and_fills_again,
        token_buckets::an_empty_bucket_fills_however_often_it_is_asked,
        token_buckets::a_token_put_back_can_be_taken_again,
        token_buckets::draining_takes_what_there_is_and_tells_what_is_left,
        token_buckets::many_takers_of_a_bucket_get_no_more_than_it_holds,
        token_buckets::a_clock_that_steps_back_neither_fills_nor_locks_a_bucket,
        token_buckets::buckets_that_are_full_again_are_deleted,
        token_buckets::buckets_do_not_increase_the_version,
        whole::every_change_to_what_decides_increases_the_version,
        whole::what_is_refused_does_not_increase_the_version,
        whole::one_use_values_and_web_sessions_do_not_increase_the_version,
        whole::versions_of_changes_at_once_are_all_counted,
        whole::a_change_whose_caller_went_away_leaves_nothing_and_blocks_nobody,
        whole::one_of_many_key_rings_is_bound,
        whole::a_key_ring_is_followed_by_its_successor_alone,
        whole::a_reset_empties_the_store_and_increases_the_version,
        whole::the_store_answers_a_ping_and_is_not_changed_by_it,
    }
    println!("what_was_acknowledged_is_there_after_a_restart");
    store.reset().await.expect("the store can be emptied");
    whole::what_was_acknowledged_is_there_after_a_restart(store, &open).await;
    println!("a_closed_store_is_unavailable");
    whole::a_closed_store_is_unavailable(&open().await).await;
}

/// Lets [`RACERS`] tasks do the same at once and answers what each of them got.
async fn race<T, Racing>(run: impl Fn(usize) -> Racing) -> Vec<T>
where
    T: Send + 'static,
    Racing: Future<Output = T> + Send + 'static,
{
    let mut racers = JoinSet::new();
    for racer in 0..RACERS {
        racers.spawn(run(racer));
    }
    racers.join_all().await
}

/// Asserts how a change was refused.
macro_rules! refused {
    ($result:expr, $variant:ident) => {
        match $result {
            Err($crate::store::StoreError::$variant) => {}
            other => panic!(
                "expected a refusal as {}, got {other:?}",
                stringify!($variant)
            ),
        }
    };
}
use refused;

fn is_already_exists<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::AlreadyExists))
}

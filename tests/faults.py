"""The faults that must cost nothing, each with the tests that show its guard.

The number is the fault's row in the design; a test is a file below ``tests`` and a function in it, with
the case in brackets where one case of many is meant.
"""

from typing import Final, NamedTuple

__all__ = ["FAULTS", "Fault"]


class Fault(NamedTuple):
    """What happens, and the tests that fail where it is not taken care of."""

    what: str
    tests: tuple[str, ...]


_TOLD_FILE: Final = "integration/test_faults_told.py::test_"
_ATTENTION: Final = "integration/test_attention.py::test_"
_STANDS: Final = "system/test_attention.py::test_"
_CLOCKS: Final = "integration/test_clocks.py::test_"
_TOLD: Final = f"{_TOLD_FILE}it_is_told_what_is_wrong_and_what_to_do_and_then_it_goes_on"
_SECRETS: Final = "system/test_secrets.py::test_"
_UNITS: Final = "unit/test_service_units.py::test_"
_SLOW: Final = "integration/test_slow_reading.py::test_"
_AS_THEY_ARE: Final = "integration/test_documents_as_they_are.py::test_"
_SWEEP: Final = "integration/test_sweep.py::test_"
_WATCHER: Final = "integration/test_watcher.py::test_"
_PIPELINE: Final = "integration/test_pipeline.py::test_"
_PIPELINE_IDENTIFY: Final = "integration/test_pipeline_identify.py::test_"
_OBJECTIONS: Final = "integration/test_pipeline_objections.py::test_"
_LOOKALIKES: Final = "integration/test_pipeline_lookalikes.py::test_"
_ANSWERED: Final = "integration/test_answers_bytes.py::test_"
_CHECK_ENTRIES: Final = "system/test_check_entries.py::test_"
_CHECK_WELL: Final = "system/test_check_well.py::test_"
_PRINTED: Final = "unit/test_printed_commands.py::test_"
_COMMANDS: Final = "system/test_commands.py::test_"
_TIMES: Final = "integration/test_pipeline_times.py::test_"
_PIPELINE_SESSION: Final = "integration/test_pipeline_session.py::test_"
_PIPELINE_SERVER: Final = "integration/test_pipeline_server.py::test_"
_PIPELINE_DOUBT: Final = "integration/test_pipeline_doubt.py::test_"
_PIPELINE_FOLDER: Final = "integration/test_pipeline_folder.py::test_"
_CONTENT: Final = "unit/test_content.py::test_"
_REPLACED: Final = "integration/test_pipeline_replaced.py::test_"
_PIPELINE_KILLED: Final = "integration/test_pipeline_killed.py::test_"
_WINDOWS: Final = "integration/test_windows_rules.py::test_"
_MACHINE: Final = "integration/test_faults_machine.py::test_"
_DISK: Final = "integration/test_disk.py::test_"
_DAMAGED: Final = "integration/test_journal_damage.py::test_"
_DAMAGED_RUNNING: Final = "system/test_journal_damage.py::test_"
_JOURNAL: Final = "integration/test_journal.py::test_"
_COPIED_BACK: Final = "integration/test_copied_back.py::test_"
_LOST_JOURNAL: Final = "integration/test_lost_journal.py::test_"
_CAMERA: Final = "integration/test_camera_db.py::test_"
_LOCKS: Final = "integration/test_camera_db_locks.py::test_"
_LOST: Final = "integration/test_lost_answers.py::test_"
_HOSTILE: Final = "integration/test_hostile_answers.py::test_"
_NAMES: Final = "system/test_hostile_names.py::test_"
_OLD_ARCHIVE: Final = "integration/test_old_archive.py::test_"
_MOVED: Final = "system/test_moved.py::test_"
_PROCESS: Final = "system/test_process.py::test_"
_DETECTION: Final = "system/test_detection.py::test_"
_WRITERS: Final = "integration/test_disk_writers.py::test_"
_HOLES: Final = "integration/test_disk_holes.py::test_"
_HALF_WRITTEN: Final = "integration/test_half_written.py::test_"
_SLOWLY: Final = "system/test_half_written.py::test_"
_PIXELS: Final = "unit/test_dicom_pixels.py::test_"
_TRANSPORT: Final = "unit/test_edc_transport.py::test_"
_TLS: Final = "unit/test_edc_tls.py::test_"
_ANSWERS: Final = "unit/test_edc_answers.py::test_"
_GATE: Final = "unit/test_gate.py::test_"
_AWAY: Final = f"{_PIPELINE_SERVER}a_server_that_is_away_closes_the_gate_and_everything_goes_on_when_it_is_back"
_NOT_ACKNOWLEDGED: Final = (
    f"{_PIPELINE_SERVER}an_acknowledgement_of_something_else_is_held_and_nothing_more_is_sent"
)

_RECHECKS: Final = "integration/test_rechecks.py::test_"
_NAMES_AGAIN: Final = "integration/test_names_again.py::test_"
_BETWEEN_VISITS: Final = "integration/test_rows_between_visits.py::test_"
_ASKED_AGAIN: Final = "integration/test_eye_asked_again.py::test_"
_ELSEWHERE: Final = "integration/test_rows_elsewhere.py::test_"
_ROWS_AGAIN: Final = "integration/test_recheck_rows.py::test_"
_AFTER: Final = "system/test_after_archive.py::test_"
_ENTRIES: Final = "integration/test_pipeline_entries.py::test_"
_DATES: Final = "integration/test_pipeline_dates.py::test_"
_CONFIRMED: Final = "integration/test_confirmations.py::test_"
_RESEND: Final = "system/test_resend.py::test_"
_WORKSTATIONS: Final = "system/test_workstations_real.py::test_"
_MONTH: Final = "integration/test_month.py::test_"
_STORMS_TOGETHER: Final = "system/test_workstation_storms_real.py::test_"
_ENTRY_DATES: Final = "system/test_entry_dates_real.py::test_"
_RESTORED: Final = "system/test_restored_real.py::test_"

FAULTS: Final[dict[int, Fault]] = {
    # Detection
    1: Fault(
        "an event is lost, doubled, late, or the buffer overflows",
        (
            f"{_SWEEP}without_any_event_the_sweep_finds_it",
            f"{_SWEEP}without_any_event_what_is_added_to_a_folder_is_found",
            f"{_SWEEP}a_hint_for_each_file_settles_once_and_is_ready_once",
            f"{_SWEEP}an_exam_that_is_next_is_not_judged_again",
            "unit/test_registry.py::test_an_exam_has_one_claimant_at_a_time",
        ),
    ),
    2: Fault(
        "an event names a file that is gone",
        (f"{_SWEEP}hints_for_what_is_gone_or_never_was_change_nothing",),
    ),
    3: Fault(
        "the observer or one of its emitters dies",
        (
            f"{_WATCHER}an_emitter_that_died_is_started_again_for_its_folder_alone",
            f"{_WATCHER}an_emitter_of_the_root_that_died_starts_everything_again_and_is_said_once",
            f"{_WATCHER}an_observer_that_died_is_started_again_and_it_is_said_once",
        ),
    ),
    4: Fault(
        "the watch root vanishes and returns",
        (
            f"{_TOLD_FILE}a_folder_that_is_away_is_told_and_what_to_do_and_then_it_goes_on",
            f"{_SWEEP}while_the_root_is_away_nothing_is_taken_for_deleted",
            f"{_SWEEP}an_empty_mount_point_is_a_root_that_is_away",
            f"{_SWEEP}what_came_while_the_root_was_away_is_seen_when_it_is_back",
            f"{_WATCHER}a_root_that_went_away_and_came_back_is_watched_again",
        ),
    ),
    5: Fault(
        "200 exams land at once",
        (
            f"{_SWEEP}two_hundred_folders_settle_side_by_side",
            f"{_PROCESS}fifty_exams_at_once_are_archived_within_ten_seconds",
        ),
    ),
    6: Fault(
        "a folder is moved into place whole; files are renamed when finished",
        (
            f"{_SWEEP}a_folder_moved_into_place_whole_is_ready_as_soon_as_any_other",
            f"{_SWEEP}a_temporary_name_is_unfinished_and_its_renaming_is_seen",
            f"{_WATCHER}a_folder_that_is_renamed_within_the_root_is_a_hint_of_the_root",
            f"{_DETECTION}a_folder_that_is_moved_in_whole",
            f"{_DETECTION}files_that_are_renamed_when_finished",
        ),
    ),
    7: Fault(
        "a folder with files inside a subject folder; images loose in the root",
        (
            f"{_TOLD}[a folder inside (7)]",
            f"{_SWEEP}a_folder_inside_that_holds_files_is_held_and_an_empty_one_is_not",
            f"{_SWEEP}what_is_left_alone_is_said_once",
            f"{_MACHINE}what_lies_loose_in_the_root_is_told_by_status",
        ),
    ),
    # Stability
    8: Fault(
        "a file grows in bursts with pauses",
        (
            f"{_SWEEP}a_file_that_grows_in_bursts_is_not_ready_before_it_is_whole",
            f"{_SWEEP}a_file_that_ends_well_at_every_moment_is_not_ready_while_it_grows",
            f"{_DETECTION}files_that_grow_in_bursts_with_pauses",
        ),
    ),
    9: Fault(
        "the daemon starts while a file is half written",
        (
            f"{_SWEEP}a_file_half_written_at_the_start_is_waited_for",
            f"{_DETECTION}a_file_that_is_half_written_when_the_daemon_starts",
        ),
    ),
    10: Fault(
        "a file is reserved at full size and filled in later",
        (
            f"{_SWEEP}a_file_reserved_at_full_size_is_not_whole_until_its_format_says_so",
            "unit/test_content_jpeg.py::test_a_jpeg_whose_rest_is_still_zero_is_not_whole",
            "unit/test_content_png.py::test_a_png_whose_rest_is_still_zero_is_not_whole",
            "unit/test_content_png.py::test_zeros_in_the_middle_show_in_the_checksum",
            "unit/test_content_reports.py::test_a_pdf_whose_rest_is_still_zero_is_not_whole",
            "unit/test_dicom.py::test_a_dicom_whose_rest_is_still_zero_is_not_whole",
        ),
    ),
    11: Fault(
        "empty, cut off, wrong magic, over the limit, a picture format that the server refuses",
        (
            f"{_TOLD}[cut off (11)]",
            f"{_TOLD}[empty (11)]",
            f"{_TOLD}[bytes of no known kind (11)]",
            f"{_TOLD}[a format that the EDC does not take (11)]",
            f"{_TOLD}[too large (11)]",
            f"{_TOLD}[refused for its content (11)]",
            f"{_SWEEP}an_empty_file_or_unknown_bytes_are_unfinished_and_then_held",
            f"{_PIPELINE_SERVER}a_refused_file_is_held_and_never_sent_again_unchanged",
        ),
    ),
    12: Fault(
        "a file changes between hashing and sending, or while it is sent",
        (
            f"{_DISK}a_file_that_is_not_the_one_recorded_is_not_read",
            f"{_DISK}a_file_that_changes_while_it_is_read_is_noticed_at_the_end",
            f"{_PIPELINE_FOLDER}a_file_that_changes_before_it_was_sent_is_sent_as_it_is_then_and_held_after",
            f"{_PIPELINE_FOLDER}while_a_file_is_sent_it_changes",
        ),
    ),
    13: Fault(
        "a file arrives while its exam is under way; changes, vanishes, or slips in",
        (
            f"{_PIPELINE_FOLDER}a_file_that_comes_while_the_exam_is_under_way_is_sent_too",
            f"{_TOLD}[changed after it was sent (13)]",
            f"{_TOLD}[vanished after it was sent (13)]",
            f"{_PIPELINE_FOLDER}what_slips_in_while_the_folder_is_moved_is_put_back_and_named",
        ),
    ),
    14: Fault(
        "the writer still holds the file open",
        (
            f"{_TOLD}[the camera still writes it (14)]",
            f"{_WINDOWS}a_file_that_the_camera_still_writes_is_waited_for",
            f"{_WINDOWS}a_file_that_cannot_be_read_now_is_waited_for_wherever_it_happens",
            f"{_WINDOWS}a_file_that_cannot_be_opened_to_be_sent_is_not_taken_for_sent",
            f"{_WRITERS}a_writer_is_noticed_as_long_as_it_has_the_file_open",
            f"{_WRITERS}a_writer_in_another_process_is_noticed",
            f"{_WRITERS}where_a_lease_is_not_to_be_had_nobody_can_tell",
            f"{_WRITERS}on_a_share_a_lease_that_is_refused_says_nothing",
            f"{_WRITERS}a_writer_that_opens_it_while_the_lease_is_held_ends_nobody",
            f"{_WRITERS}the_camera_waits_for_no_more_than_a_moment_to_open_its_file",
            f"{_HALF_WRITTEN}a_file_that_is_open_for_writing_is_waited_for_and_named",
        ),
    ),
    # Which eye, which subject
    15: Fault(
        "the database row comes after the files",
        (
            f"{_TOLD}[no row yet (15)]",
            f"{_TOLD}[no row yet, but there is time (15)]",
            f"{_DETECTION}rows_that_come_late",
            f"{_PIPELINE_SESSION}a_patient_whose_row_comes_after_the_pictures_is_waited_for",
            f"{_PIPELINE_SESSION}a_patient_whose_row_does_not_come_is_held_and_goes_on_by_itself_when_it_does",
            f"{_PIPELINE_IDENTIFY}of_pictures_in_two_kinds_the_key_is_named_that_leaves_out_the_one_without_rows",
        ),
    ),
    16: Fault(
        "NULL, blank, unknown, or two rows that differ",
        (
            f"{_TOLD}[NULL (16)]",
            f"{_TOLD}[blank (16)]",
            f"{_TOLD}[a word that is no eye (16)]",
            f"{_TOLD}[two rows that differ (16)]",
        ),
    ),
    17: Fault(
        "database, file name and DICOM disagree about the eye",
        (
            f"{_TOLD}[name and database disagree (17)]",
            "unit/test_laterality.py::test_a_disagreement_names_each",
        ),
    ),
    18: Fault("DICOM's PatientID is another subject", (f"{_TOLD}[DICOM of another subject (18)]",)),
    19: Fault(
        "the same file name belongs to two subjects in the database",
        (
            f"{_CAMERA}rows_are_looked_up_by_subject",
            f"{_CAMERA}another_subject_s_rows_are_never_given",
            f"{_PIPELINE_IDENTIFY}the_same_file_name_of_another_subject_says_nothing",
        ),
    ),
    20: Fault(
        "both images show the same eye",
        (
            f"{_TOLD}[both of one eye (20)]",
            f"{_TOLD}[both of one eye, but there is time (20)]",
            f"{_ASKED_AGAIN}a_person_who_sees_that_one_of_them_shows_the_other_eye_can_say_so",
            f"{_ASKED_AGAIN}that_no_report_will_come_is_no_word_about_pictures_that_are_all_of_one_eye",
        ),
    ),
    21: Fault(
        "two folders for one subject",
        (
            f"{_TOLD}[two folders (21)]",
            f"{_TOLD_FILE}a_second_folder_is_told_that_it_waits_behind_the_first",
            f"{_PIPELINE_IDENTIFY}the_folder_that_has_a_session_finishes_and_the_other_waits_behind_it",
        ),
    ),
    22: Fault(
        "the same subject comes again",
        (
            f"{_TOLD}[two visits (22)]",
            "integration/test_overwritten.py::test_a_visit_that_was_not_sent_and_is_overwritten_by_the_next_is_told_and_not_replaced_silently",
            "integration/test_overwritten.py::test_pictures_that_are_taken_again_at_the_same_visit_raise_no_question",
            f"{_TOLD}[the session of the visit before (22)]",
            f"{_PIPELINE}the_next_visit_gets_a_session_of_its_own",
            f"{_PIPELINE_SESSION}the_session_of_an_archived_exam_is_not_used_for_the_next_visit",
        ),
    ),
    23: Fault(
        "a late file; an archived folder copied back; the same bytes under two names",
        (
            f"{_TOLD}[a late file (23)]",
            f"{_TOLD}[an archived folder copied back (23)]",
            f"{_PIPELINE_IDENTIFY}the_same_bytes_twice_for_one_eye_are_sent_once",
            "system/test_commands.py::test_what_came_late_goes_to_the_session_that_it_belongs_to",
            f"{_PIPELINE_IDENTIFY}a_copy_that_the_database_does_not_name_is_sent_once_under_the_name_that_it_does",
            f"{_PIPELINE_IDENTIFY}a_copy_whose_row_comes_late_and_tells_the_other_eye_is_held",
            "integration/test_late_again.py::test_the_third_exam_running_names_the_counts_as_they_came",
        ),
    ),
    # The camera's database
    24: Fault(
        "locked exclusively; busy",
        (
            f"{_LOCKS}an_exclusive_lock_is_busy_soon_and_passes",
            f"{_TOLD}[busy (24)]",
            f"{_DETECTION}a_database_that_the_camera_locks_for_a_while",
        ),
    ),
    25: Fault(
        "WAL with rows not yet checkpointed",
        (
            f"{_LOCKS}rows_in_the_write_ahead_log_are_seen",
            f"{_DETECTION}rows_that_are_only_in_the_write_ahead_log",
        ),
    ),
    26: Fault(
        "missing, replaced, corrupt, a directory",
        (
            f"{_CAMERA}a_missing_file_is_told_and_not_made",
            f"{_CAMERA}a_folder_is_told",
            f"{_CAMERA}a_file_of_another_kind_and_one_cut_off_are_told",
            f"{_CAMERA}it_recovers_by_itself_when_the_file_comes_back",
            f"{_HOSTILE}a_malformed_database_is_an_error_of_ours_or_rows",
            f"{_TOLD}[unreadable (26)]",
        ),
    ),
    27: Fault(
        "a configured table or column does not exist",
        (
            f"{_PROCESS}a_table_or_column_that_does_not_exist_is_named_with_those_that_do",
            f"{_TOLD}[a column that is gone (27)]",
            f"{_CAMERA}a_column_that_does_not_exist_is_no_string",
            f"{_CAMERA}a_table_that_goes_away_while_running_is_told_with_those_that_are_there",
        ),
    ),
    28: Fault(
        "#, ?, %, spaces or a drive letter in the database's path",
        (
            f"{_CAMERA}the_right_file_is_opened_whatever_its_name",
            f"{_CAMERA}the_right_file_is_opened_with_a_name_that_only_posix_has",
            "unit/test_path_names.py::test_drives_and_shares_are_named_as_sqlite_wants_them",
        ),
    ),
    29: Fault(
        "our reading never blocks the camera's writing for more than 50 ms",
        (
            f"{_LOCKS}a_camera_writes_beside_a_reader_that_never_rests",
            f"{_LOCKS}the_database_is_free_again_before_its_rows_are_looked_at",
            f"{_LOCKS}no_lock_is_held_between_the_parts_of_a_large_table",
        ),
    ),
    # The network and the server
    30: Fault(
        "no route, refused, DNS fails, TLS expired or for another host",
        (
            f"{_TRANSPORT}refused_is_not_sent",
            f"{_TRANSPORT}an_unknown_name_is_not_sent",
            f"{_TLS}another_host_s_and_an_expired_certificate_get_nothing",
            f"{_TLS}an_untrusted_certificate_gets_nothing",
            f"{_PROCESS}a_server_that_is_away_is_one_message_and_is_found_again",
            f"{_TOLD}[unreachable (30)]",
            f"{_TOLD}[a certificate that has expired (30)]",
        ),
    ),
    31: Fault(
        "reset in a body; a slow line; a trickling or endless answer",
        (
            f"{_TRANSPORT}a_line_that_breaks_in_the_middle_of_a_body",
            f"{_TOLD}[the line breaks in a body (31)]",
            f"{_TRANSPORT}a_slow_line_is_not_cut_while_it_moves",
            f"{_TRANSPORT}a_line_that_stands_still_is_given_up",
            f"{_TRANSPORT}a_trickling_answer_has_an_end",
            f"{_TRANSPORT}an_endless_answer_is_not_read_to_its_end",
        ),
    ),
    32: Fault(
        "the answer to an upload is lost, once, or for the last file",
        (
            f"{_LOST}a_lost_answer_costs_nothing_and_what_is_stored_is_not_destroyed",
            f"{_LOST}every_answer_lost_once_costs_nothing",
            f"{_PIPELINE_DOUBT}a_lost_answer_of_the_last_file_is_told_by_the_status_of_the_complete_session",
            f"{_TOLD_FILE}where_nothing_can_tell_the_person_is_asked_to_look",
        ),
    ),
    33: Fault(
        "500 for a file that is already stored (0.4 to 0.7.7)",
        (f"{_LOST}a_500_is_asked_about_whether_the_file_was_stored_or_not",),
    ),
    34: Fault(
        "200 with a web page, JSON of another shape, truncated JSON",
        (
            f"{_TOLD}[a portal's page (34)]",
            f"{_ANSWERS}something_else_is_not_the_edc",
            f"{_TRANSPORT}an_answer_cut_off_is_no_acknowledgement",
            f"{_HOSTILE}ten_thousand_mutated_answers_bring_our_errors_or_what_they_say",
            _AWAY,
        ),
    ),
    35: Fault(
        "a redirect",
        (
            "unit/test_edc_api.py::test_a_redirect_is_not_followed",
            f"{_TOLD}[a redirect (35)]",
            _AWAY,
        ),
    ),
    36: Fault(
        "401, 403",
        (
            f"{_ANSWERS}a_refusal_in_the_edc_s_own_words_is_the_edc_s",
            f"{_GATE}a_token_that_is_refused_is_tried_once_a_minute",
            f"{_TOLD}[the token is refused (36)]",
            _AWAY,
        ),
    ),
    37: Fault(
        "429, 503 with Retry-After",
        (
            f"{_TOLD}[it asks for a pause (37)]",
            f"{_ANSWERS}retry_after_is_read_in_both_its_forms",
            f"{_PIPELINE_SERVER}what_the_server_asks_for_is_waited_for",
            f"{_PIPELINE_SERVER}a_pause_that_is_asked_for_is_no_longer_than_an_hour",
            f"{_PIPELINE_SERVER}a_server_that_asked_once_to_wait_is_not_said_to_fail_again_and_again",
        ),
    ),
    38: Fault(
        "413 or a proxy's own error page",
        (
            f"{_TOLD}[413 (38)]",
            f"{_TOLD}[a proxy's own error page (38)]",
            f"{_ANSWERS}a_file_too_large_for_a_proxy_is_refused_like_one_too_large_for_the_edc",
            f"{_ANSWERS}a_failure_of_the_server_keeps_status_and_code",
            f"{_PIPELINE_SERVER}a_request_that_fails_while_ping_answers_is_that_exams_own_trouble",
        ),
    ),
    39: Fault(
        "every documented code",
        (
            f"{_ANSWERS}every_documented_code_is_a_refusal_without_its_text",
            f"{_PIPELINE_SESSION}what_resolve_refuses_is_held_for_its_reason_and_asked_again",
            f"{_TOLD}[no session (39)]",
            f"{_TOLD}[no eligible session (39)]",
            f"{_TOLD}[an unknown subject (39)]",
            f"{_TOLD}[demographics differ (39)]",
            f"{_TOLD}[a field is refused (39)]",
            f"{_TOLD}[a name that is taken (39)]",
            f"{_TOLD}[demographics that the camera lacks (39)]",
            f"{_PIPELINE_SERVER}a_file_that_is_damaged_on_the_way_is_read_and_sent_again",
        ),
    ),
    40: Fault(
        "the answer names another subject, session, type, file or checksum",
        (
            f"{_TOLD}[an acknowledgement of something else (40)]",
            _NOT_ACKNOWLEDGED,
            f"{_ANSWERS}another_subject_is_no_resolution_and_no_status",
            f"{_HOSTILE}an_exam_that_meets_mutated_answers_is_archived_only_when_it_is_there",
        ),
    ),
    41: Fault(
        "status fails; misses a type that we sent; speaks of a newer session",
        (
            f"{_PIPELINE_SERVER}a_status_that_fails_archives_nothing_and_is_asked_again",
            f"{_TOLD}[status fails (41)]",
            f"{_TOLD}[not listed (41)]",
            f"{_MACHINE}where_status_speaks_of_a_newer_session_the_receipt_says_so",
        ),
    ),
    42: Fault(
        "the session is completed by our last upload and resolve now refuses",
        (
            f"{_PIPELINE_KILLED}killed_before_and_after_every_effect_it_arrives_once",
            f"{_PIPELINE_DOUBT}a_lost_answer_does_not_ask_resolve_again",
        ),
    ),
    43: Fault(
        "the session is deleted, the server upgraded or api_url changed between two uploads",
        (
            f"{_TOLD}[the session is gone (43)]",
            f"{_TOLD}[the address changed (43)]",
            f"{_PIPELINE_SESSION}another_server_is_used_where_nothing_was_sent",
            f"{_MACHINE}a_server_that_is_upgraded_between_two_uploads_gets_the_rest_into_the_same_session",
        ),
    ),
    44: Fault(
        "the server's report type differs from ours",
        (f"{_TOLD}[reports of the other kind (44)]",),
    ),
    45: Fault(
        "more files of one type than an old server keeps",
        (
            f"{_TOLD}[two files of one type (45)]",
            f"{_TOLD}[a type that it does not know (45)]",
            f"{_PIPELINE_SESSION}what_the_session_already_holds_is_not_replaced",
        ),
    ),
    # The archive
    46: Fault(
        "the folder is open elsewhere; access denied",
        (
            f"{_TOLD}[the folder is open (46)]",
            f"{_WINDOWS}a_folder_that_is_open_in_the_explorer_waits_whole_and_is_moved_later",
            f"{_WINDOWS}a_receipt_that_cannot_be_written_now_is_written_later_and_nothing_is_moved_twice",
        ),
    ),
    47: Fault(
        "the destination exists",
        (
            f"{_PIPELINE_FOLDER}a_destination_that_exists_is_never_merged_with",
            f"{_DISK}nothing_is_ever_moved_onto_something",
        ),
    ),
    48: Fault(
        "the archive is on another volume; the state folder on a network share",
        (
            f"{_MACHINE}an_archive_on_another_volume_is_refused_at_the_start",
            "unit/test_config_file.py::test_on_a_share_the_state_folder_must_be_named_and_local",
        ),
    ),
    49: Fault(
        "the disk is full",
        (
            f"{_JOURNAL}on_a_full_disk_nothing_is_acknowledged_and_it_recovers_by_itself",
            f"{_MACHINE}on_a_full_disk_nothing_is_sent_and_it_goes_on_by_itself",
            f"{_MACHINE}a_disk_that_fills_up_between_two_files_stops_before_the_next",
            f"{_MACHINE}a_full_disk_keeps_the_sweep_from_no_other_folder",
            f"{_MACHINE}a_log_that_cannot_be_written_stops_nothing",
            "unit/test_logs.py::test_neither_a_full_disk_nor_a_closed_terminal_stops_anything",
        ),
    ),
    # The process
    50: Fault(
        "kill -9 before and after every effect",
        (
            "system/test_kill_anywhere.py::test_a_kill_at_any_effect_costs_nothing",
            f"{_PIPELINE_KILLED}killed_before_and_after_every_effect_it_arrives_once",
            f"{_PIPELINE_KILLED}a_power_failure_takes_back_what_was_not_flushed",
            f"{_PIPELINE_KILLED}what_is_retaken_while_the_power_is_off_writes_over_nothing_that_was_sent",
            f"{_PROCESS}killed_in_the_second_upload_it_goes_on_in_the_session_it_had",
        ),
    ),
    51: Fault(
        "the journal is truncated at any byte, empty, from a newer version",
        (
            f"{_JOURNAL}a_journal_cut_off_at_any_byte_is_set_aside_and_kept",
            f"{_JOURNAL}each_single_byte_that_is_missing_is_noticed",
            f"{_JOURNAL}what_a_kill_left_cut_off_at_any_byte_is_told_or_is_a_state_that_was",
            f"{_JOURNAL}an_empty_journal_is_a_damaged_one",
            f"{_JOURNAL}a_journal_of_a_newer_release_is_refused_and_left_as_it_is",
            f"{_SWEEP}where_the_journal_was_lost_what_is_there_may_have_been_sent",
            f"{_PIPELINE_DOUBT}where_the_journal_was_lost_what_the_session_holds_may_be_this_exams",
            f"{_PIPELINE_DOUBT}where_the_journal_was_lost_nothing_is_replaced_before_a_person_looked",
        ),
    ),
    52: Fault(
        "a second daemon on the same folder; a journal of another watch folder",
        (
            f"{_PROCESS}a_second_daemon_on_the_folder_is_refused",
            f"{_PROCESS}the_journal_of_another_folder_is_refused",
        ),
    ),
    53: Fault(
        "a worker raises something unforeseen",
        (
            f"{_TOLD}[something unforeseen (53)]",
            f"{_MACHINE}a_worker_that_meets_the_unforeseen_keeps_its_place_and_the_exam_is_tried_again",
            f"{_MACHINE}a_thread_that_dies_is_named_and_started_again",
            f"{_MACHINE}a_sweep_that_meets_the_unforeseen_goes_on",
        ),
    ),
    54: Fault(
        "one exam fails for ever among a hundred good ones",
        (
            f"{_TOLD}[it keeps failing (54)]",
            f"{_PIPELINE_SERVER}one_exam_that_fails_for_ever_delays_no_other",
            f"{_MACHINE}one_exam_that_fails_for_ever_keeps_no_worker_from_the_others",
        ),
    ),
    55: Fault(
        "the clock jumps, summer time, the machine sleeps",
        (
            f"{_MACHINE}a_clock_that_jumps_changes_no_interval",
            f"{_MACHINE}a_machine_that_slept_begins_where_it_was",
            f"{_MACHINE}stamps_are_utc_whatever_the_zone",
            "unit/test_capture.py::test_summer_time_is_the_zones",
        ),
    ),
    56: Fault(
        "stop during any step; a second Ctrl+C",
        (
            f"{_PROCESS}a_signal_stops_it_while_it_waits",
            f"{_PROCESS}a_signal_stops_it_while_an_answer_is_slow",
            f"{_PROCESS}a_signal_stops_it_while_a_line_hangs",
            f"{_PROCESS}a_signal_stops_it_while_the_server_is_away",
            f"{_PROCESS}a_second_signal_ends_it_at_once",
            f"{_PIPELINE}a_daemon_that_stops_lets_go_at_the_next_point_and_nothing_is_lost",
        ),
    ),
    # Hostile input
    57: Fault(
        "folder and file names",
        (
            f"{_NAMES}two_hundred_hostile_names_reach_nobody_elses_exam",
            f"{_HOSTILE}no_name_leads_a_request_out_of_its_subjects_path",
            f"{_TOLD}[a name that cannot be sent (57)]",
        ),
    ),
    58: Fault(
        "symbolic links, junctions, FIFOs, devices in a folder",
        (
            f"{_NAMES}what_is_no_file_is_never_opened_and_holds_its_exam_alone",
            f"{_WINDOWS}what_stands_for_another_path_is_a_link_whatever_else_it_is",
            f"{_DISK}a_pipe_is_refused_and_never_waited_for",
            f"{_TOLD}[a link (58)]",
        ),
    ),
    59: Fault(
        "line breaks and escape codes in names",
        (
            "unit/test_logs.py::test_no_text_breaks_a_line",
            "unit/test_logs.py::test_a_line_stays_one_line_and_drives_no_terminal",
            "unit/test_status_page.py::test_nothing_from_outside_can_be_markup",
        ),
    ),
    60: Fault(
        "a configuration file with every kind of mistake",
        (
            "unit/test_config.py::test_all_mistakes_are_told_at_once_with_the_nearest_key",
            "unit/test_config.py::test_any_json_at_all_gives_a_configuration_or_its_problems",
            "unit/test_config_file.py::test_any_bytes_at_all_raise_nothing",
            "unit/test_config_file.py::test_a_file_that_cannot_be_used_is_explained",
            f"{_PROCESS}every_mistake_in_the_configuration_is_told_at_once",
        ),
    ),
    61: Fault(
        "token, initials, sex and age",
        (
            "system/test_secrets.py::test_nothing_that_is_written_has_a_secret_or_a_person_in_it",
            "system/test_secrets.py::test_neither_does_the_journal_when_it_is_asked_row_by_row",
            f"{_MACHINE}a_worker_that_meets_the_unforeseen_keeps_its_place_and_the_exam_is_tried_again",
        ),
    ),
    62: Fault(
        "the folder of an exam is deleted or renamed by hand",
        (
            f"{_SWEEP}a_folder_that_goes_before_anything_was_sent_is_forgotten",
            f"{_TOLD}[the folder is deleted (62)]",
            "integration/test_overwritten.py::test_a_visit_that_was_not_sent_and_is_deleted_file_by_file_for_the_next_one_is_told",
            "integration/test_overwritten.py::test_a_picture_that_the_photographer_deletes_raises_no_question",
        ),
    ),
    63: Fault(
        "the watch folder is not there when the machine starts",
        (
            f"{_PROCESS}a_folder_or_database_that_is_not_there_is_not_now",
            f"{_MACHINE}a_watch_folder_that_is_not_there_is_not_made_nor_taken_for_empty",
            f"{_UNITS}the_unit_is_started_again_after_all_but_a_mistake_of_a_person",
        ),
    ),
    64: Fault(
        "a camera numbers its pictures from 1 again; the rows of the last visit are still there",
        (
            "system/test_names_again.py::test_rows_six_seconds_after_the_files_with_the_eyes_the_other_way_round",
            "system/test_names_again.py::test_ordinary_visits_in_the_same_order_go_through",
            f"{_NAMES_AGAIN}the_same_names_with_the_eyes_the_other_way_round_get_their_own_eyes",
            f"{_NAMES_AGAIN}visit_after_visit_in_the_same_order_raises_no_question",
            f"{_NAMES_AGAIN}rows_of_the_last_visit_under_other_numbers_are_no_answer",
            f"{_NAMES_AGAIN}a_database_file_that_takes_the_others_place_makes_no_row_new",
            f"{_NAMES_AGAIN}where_no_row_comes_it_is_held_and_the_key_is_offered_before_all_else",
            f"{_NAMES_AGAIN}names_that_are_always_of_one_eye_are_told_by_their_rows_once_the_key_says_so",
            f"{_NAMES_AGAIN}rows_that_the_camera_clears_between_visits_are_not_waited_for",
            f"{_NAMES_AGAIN}rows_of_pictures_that_were_not_exported_are_no_answer_for_the_next_visits",
            f"{_NAMES_AGAIN}rows_left_by_a_visit_are_no_answer_while_todays_may_come_though_nobody_else_has_the_names",
            f"{_NAMES_AGAIN}what_a_person_said_is_not_said_again_by_the_row_that_comes_after",
            f"{_BETWEEN_VISITS}the_row_of_a_rejected_picture_that_comes_after_the_archive_is_no_answer",
            f"{_BETWEEN_VISITS}the_row_of_a_picture_that_was_left_out_tells_no_other_once_it_is_entered",
            f"{_BETWEEN_VISITS}rows_that_are_there_hours_before_their_files_tell_the_eyes",
            f"{_BETWEEN_VISITS}a_table_that_is_cleared_every_night_leaves_no_question_though_rows_come_first",
            f"{_BETWEEN_VISITS}a_path_that_is_written_anew_makes_no_row_new",
            f"{_BETWEEN_VISITS}two_visits_of_a_day_that_are_exported_in_the_evening_have_their_own_rows",
            f"{_BETWEEN_VISITS}what_is_exported_second_on_one_day_is_asked_about_where_the_first_took_the_days_rows",
            f"{_BETWEEN_VISITS}a_visit_outside_of_the_trial_holds_no_later_one",
            f"{_NAMES_AGAIN}an_earlier_days_row_that_nobody_has_is_no_answer_while_todays_may_come",
            f"{_NAMES_AGAIN}pictures_of_yesterday_are_exported_today_without_a_question",
            f"{_NAMES_AGAIN}a_folder_that_was_moved_away_before_anything_was_sent_comes_back_under_any_name",
            f"{_NAMES_AGAIN}rows_of_a_visit_that_was_moved_away_unsent_are_no_answer_for_the_next",
            f"{_NAMES_AGAIN}rows_of_a_visit_that_is_not_whole_are_no_answer_for_the_next_one",
            f"{_NAMES_AGAIN}rows_of_a_visit_that_was_never_whole_and_is_gone_are_no_answer_for_the_next_one",
            f"{_NAMES_AGAIN}rows_of_a_visit_that_was_never_identified_are_no_answer_for_the_next_one",
            f"{_NAMES_AGAIN}rows_that_came_an_hour_after_a_folder_was_moved_away_are_no_answer_for_the_next_visit",
            f"{_NAMES_AGAIN}rows_that_were_corrected_away_are_not_expected_by_the_next_visit",
            f"{_NAMES_AGAIN}a_rejected_picture_whose_folder_was_empty_for_a_moment_holds_no_later_visit",
            f"{_NAMES_AGAIN}what_was_held_for_a_folder_inside_has_its_rows_once_it_is_put_right",
            f"{_NAMES_AGAIN}what_came_after_an_archive_is_told_while_another_folder_is_held_for_days",
            f"{_NAMES_AGAIN}a_visit_that_was_never_saved_on_the_camera_holds_no_later_one",
            f"{_NAMES_AGAIN}what_was_not_whole_and_comes_back_whole_the_next_day_has_its_rows",
            f"{_NAMES_AGAIN}pictures_that_are_exported_anew_after_their_folder_was_moved_away_keep_their_rows",
            f"{_NAMES_AGAIN}a_row_that_was_corrected_after_the_archive_is_no_answer_for_the_next_visit",
            f"{_NAMES_AGAIN}a_row_of_the_time_of_an_earlier_visit_is_no_answer_though_nobody_was_told_yet",
            f"{_NAMES_AGAIN}a_row_corrected_long_after_the_archive_is_asked_about_once",
            f"{_NAMES_AGAIN}rows_with_times_that_are_away_for_a_moment_are_still_the_last_visits",
            f"{_NAMES_AGAIN}a_row_left_by_a_visit_is_no_answer_where_the_subjects_own_names_begin_again",
            "unit/test_eye_rows.py::test_one_more_row_than_answered_is_new",
            "integration/test_names_after_upgrade.py::test_what_is_there_at_the_first_start_is_no_answer_for_the_next_visit",
            "integration/test_names_after_upgrade.py::test_a_row_that_is_written_after_the_first_start_is_not_taken_for_an_old_one",
        ),
    ),
    65: Fault(
        "a row is corrected while files are sent; after the archive",
        (
            f"{_ASKED_AGAIN}an_eye_that_is_corrected_while_files_are_sent_is_held_before_the_archive",
            f"{_ASKED_AGAIN}a_second_row_that_says_another_eye_is_held_before_the_archive",
            f"{_ASKED_AGAIN}a_file_whose_eye_the_administrator_corrected_is_archived_as_that_and_not_sent_again",
            f"{_ASKED_AGAIN}a_person_who_says_the_eye_that_was_sent_finishes_it",
            f"{_ASKED_AGAIN}a_row_that_contradicts_what_a_person_said_while_it_told_no_eye_is_held_before_the_archive",
            f"{_ASKED_AGAIN}a_row_that_said_what_a_person_said_and_is_corrected_since_is_asked_about",
            f"{_ASKED_AGAIN}a_row_that_comes_after_an_eye_was_said_to_take_back_that_a_picture_is_left_out_is_asked_about",
            f"{_ASKED_AGAIN}an_eye_that_was_said_with_its_row_in_view_stands_whatever_held_the_exam",
            f"{_ASKED_AGAIN}a_persons_word_that_its_row_contradicts_is_named_first_where_an_eye_is_missing_by_it",
            f"{_ASKED_AGAIN}a_visit_soon_after_the_archive_with_all_of_one_eye_is_told_so_and_goes_once_that_is_said",
            f"{_ASKED_AGAIN}a_picture_that_came_late_for_its_exam_is_asked_about_as_ever",
            "integration/test_rows_after.py::test_that_the_row_contradicts_an_eye_that_was_said_while_the_entry_was_waited_for_is_told",
            "integration/test_rows_after.py::test_that_the_row_contradicts_what_a_person_said_for_want_of_it_is_told",
            "integration/test_rows_after.py::test_a_row_that_says_what_a_person_said_before_it_came_raises_no_question",
            "integration/test_rows_after.py::test_the_rows_of_the_next_morning_say_nothing_of_this_exam_while_their_folder_may_come",
            "integration/test_rows_after.py::test_rows_of_the_next_morning_are_told_where_no_folder_came_in_a_day",
            "integration/test_rows_after.py::test_rows_that_came_while_nobody_looked_are_told_however_long_the_workstation_was_off",
            f"{_ASKED_AGAIN}a_correction_is_not_asked_about_again_where_the_edc_notes_it_elsewhere",
            f"{_ASKED_AGAIN}an_eye_that_a_person_said_to_another_question_is_asked_about_where_it_was_sent_as_the_other",
            f"{_ASKED_AGAIN}a_row_that_is_corrected_and_renamed_meanwhile_is_asked_about",
            f"{_ASKED_AGAIN}one_that_is_corrected_and_renamed_while_files_are_sent_is_held_before_the_archive",
            f"{_ASKED_AGAIN}a_picture_that_is_exported_anew_under_the_new_name_is_not_sent_as_both_eyes",
            f"{_ROWS_AGAIN}a_correction_that_gives_the_row_another_name_is_told",
            f"{_ROWS_AGAIN}eyes_that_were_exchanged_with_the_names_that_carry_them_are_told",
            f"{_ASKED_AGAIN}names_and_eyes_that_are_exchanged_meanwhile_are_asked_about",
            f"{_ROWS_AGAIN}a_correction_that_gives_the_row_another_time_is_told",
            f"{_ROWS_AGAIN}a_row_of_the_same_number_is_the_one_that_answered_where_the_camera_keeps_its_rows",
            f"{_ASKED_AGAIN}a_row_that_merely_went_away_holds_nothing",
            f"{_ASKED_AGAIN}a_database_that_is_locked_just_then_is_asked_again_and_told",
            f"{_ROWS_AGAIN}an_eye_that_was_corrected_is_told_at_the_start",
            f"{_ROWS_AGAIN}while_the_daemon_runs_it_is_told_within_the_hour",
            f"{_ROWS_AGAIN}it_is_told_with_file_entry_and_both_eyes_and_whom_to_ask",
            f"{_ROWS_AGAIN}nothing_that_is_ordinary_is_told",
            f"{_ROWS_AGAIN}the_rows_of_a_new_visit_are_not_those_that_answered",
            f"{_ROWS_AGAIN}without_times_too_once_the_folder_is_seen_within_minutes",
            f"{_ROWS_AGAIN}it_is_said_against_sending_it_again_whether_seen_or_not",
            f"{_ASKED_AGAIN}an_eye_that_is_emptied_in_the_very_row_while_files_are_sent_is_held",
        ),
    ),
    66: Fault(
        "a person answers while files still change",
        (
            f"{_ANSWERED}an_eye_is_asked_again_where_the_picture_was_taken_again_after_the_answer",
            f"{_ANSWERED}an_eye_is_asked_again_where_the_picture_changes_after_the_answer_was_used",
            f"{_ANSWERED}an_eye_that_a_person_said_is_used_where_nothing_changed",
            f"{_ANSWERED}an_answer_of_an_earlier_release_that_was_bound_to_nothing_decides_nothing",
            f"{_ANSWERED}a_file_that_goes_on_being_written_after_it_was_left_out_is_asked_about_again",
            f"{_ANSWERED}a_file_that_is_written_whole_after_it_was_left_out_is_sent",
            f"{_ANSWERED}a_file_that_was_cut_off_is_left_out_as_long_as_it_stays_so",
            f"{_ANSWERED}a_folder_inside_is_asked_about_again_when_what_lies_in_it_changed",
            f"{_ANSWERED}a_folder_inside_that_changes_before_the_archive_is_not_moved_unseen",
            f"{_ANSWERED}a_link_is_asked_about_again_when_it_points_elsewhere",
            f"{_ANSWERED}a_set_that_was_released_goes_on_with_a_file_that_nobody_missed",
            f"{_ANSWERED}a_third_picture_of_another_day_is_asked_about",
            "integration/test_answer_checksums.py::test_a_file_that_changed_a_moment_ago_is_still_being_written_and_it_says_until_when",
            f"{_COMMANDS}a_file_that_is_still_being_written_cannot_be_answered_for_and_then_it_can",
        ),
    ),
    67: Fault(
        "an answer is copied out of a message as printed; --all over cut-off or unknown pictures",
        (
            f"{_PRINTED}no_command_is_accepted_as_it_is_printed",
            f"{_PRINTED}an_eye_is_asked_of_every_file_by_name",
            f"{_PRINTED}what_may_be_no_picture_can_be_left_out",
            f"{_PRINTED}nothing_in_a_command_means_something_to_a_shell",
            f"{_PRINTED}a_reason_without_a_letter_or_digit_is_none",
            f"{_PRINTED}no_command_in_the_readme_is_an_answer",
            f"{_COMMANDS}all_that_only_a_plain_release_is_asked_for_is_released_at_once_and_the_rest_is_named",
            f"{_COMMANDS}without_a_terminal_and_without_yes_nothing_is_released",
            f"{_COMMANDS}at_a_terminal_it_asks",
        ),
    ),
    68: Fault(
        "letters of a name look like an eye",
        (
            "unit/test_laterality.py::test_what_a_file_name_says",
            "unit/test_laterality.py::test_a_pattern_that_reads_an_eye_out_of_a_longer_word",
            "unit/test_eye_in_name.py::test_the_words_of_the_identifier_are_no_eye",
            f"{_PIPELINE_IDENTIFY}a_site_whose_identifiers_look_like_an_eye_is_asked_nothing_where_names_tell_it",
            "unit/test_objections.py::test_an_eye_in_a_name_stands_between_edges",
            "system/test_check_init_service.py::test_a_pattern_of_ones_own_that_fits_inside_a_word_is_told_with_an_example",
        ),
    ),
    69: Fault(
        "the capture time stands in the row of another visit",
        (
            f"{_NAMES_AGAIN}the_time_of_a_picture_is_that_of_the_row_that_told_its_eye",
            f"{_NAMES_AGAIN}the_time_of_another_visits_row_is_nobodys",
            f"{_NAMES_AGAIN}of_rows_that_nobody_has_the_one_of_the_pictures_day_tells_its_eye",
            f"{_NAMES_AGAIN}a_clock_that_was_never_set_holds_nothing",
        ),
    ),
    70: Fault(
        "`api_url` is spelled anew between two visits",
        (
            f"{_PIPELINE_SESSION}a_visit_s_session_is_known_whatever_the_address",
            f"{_PIPELINE_SESSION}the_same_server_under_another_address_is_sent_the_rest_of_an_exam",
            f"{_JOURNAL}exams_are_found_by_session_whatever_the_address_and_by_what_was_sent",
            f"{_ENTRY_DATES}a_visits_entry_is_its_own_under_another_name_too",
            f"{_ENTRY_DATES}the_same_server_under_another_name_gets_the_rest_of_an_exam",
        ),
    ),
    71: Fault(
        "the session holds what the journal cannot explain",
        (
            f"{_COPIED_BACK}it_is_held_before_a_byte_leaves_whatever_became_of_its_files",
            "system/test_names_begin_again_real.py::test_an_edited_copy_from_the_archive_goes_into_no_entry",
            f"{_COPIED_BACK}where_only_the_receipt_was_left_it_goes_on_without_it",
            f"{_ENTRIES}what_the_entry_holds_and_nobody_here_sent_is_held_before_a_byte_leaves",
            f"{_ENTRIES}a_person_has_them_put_beside_what_is_there",
            f"{_ENTRIES}pictures_of_another_kind_in_the_same_entry_hold_nobody",
            f"{_WORKSTATIONS}the_one_that_has_sent_a_picture_goes_on_and_the_other_is_held",
        ),
    ),
    72: Fault(
        "the state folder is gone, receipts are in the archive",
        (
            f"{_LOST_JOURNAL}the_exams_are_on_record_as_their_receipts_tell",
            f"{_LOST_JOURNAL}an_ordinary_exam_after_the_loss_goes_through",
            f"{_LOST_JOURNAL}the_next_visit_is_not_put_into_the_entry_of_the_last",
            f"{_LOST_JOURNAL}a_folder_that_is_copied_back_is_seen_before_whatever_entry_is_empty",
            f"{_COPIED_BACK}it_is_known_where_the_journal_was_lost_and_the_folder_itself_moved_back",
            f"{_LOST_JOURNAL}a_part_that_came_late_is_late_after_the_loss_too",
            f"{_LOST_JOURNAL}half_sent_exams_are_held_and_a_persons_word_lets_them_go_on",
            f"{_LOST_JOURNAL}receipts_that_are_not_ours_teach_sessions_and_nothing_else",
            f"{_LOST_JOURNAL}the_entry_of_a_receipt_that_is_not_ours_is_asked_about",
            f"{_LOST_JOURNAL}a_receipt_without_an_id_teaches_its_session",
            f"{_LOST_JOURNAL}what_is_no_receipt_tells_nothing_and_stops_nothing",
            f"{_LOST_JOURNAL}a_file_with_other_bytes_than_its_receipts_is_not_put_on_record",
            f"{_LOST_JOURNAL}an_exam_waits_for_the_receipts_of_its_subject_alone",
            f"{_LOST_JOURNAL}killed_at_any_folder_it_goes_on_and_nothing_is_doubled",
            f"{_LOST_JOURNAL}exams_that_were_there_then_may_have_been_sent",
            f"{_LOST_JOURNAL}after_a_restore_the_eyes_of_the_next_visit_are_its_own",
            f"{_LOST_JOURNAL}after_a_restore_what_was_archived_since_comes_after_what_is_on_record",
            f"{_LOST_JOURNAL}after_a_restore_the_next_visit_is_not_put_into_the_entry_of_the_last",
            f"{_LOST_JOURNAL}an_exam_that_was_archived_after_the_backup_comes_to_rest_without_a_question",
            f"{_LOST_JOURNAL}the_next_visit_in_its_folder_is_no_part_of_an_exam_that_was_archived_after_the_backup",
            f"{_LOST_JOURNAL}an_ordinary_start_lists_the_archive_once_and_reads_nothing",
            f"{_LOST_JOURNAL}what_people_put_into_the_archive_is_looked_at_once",
            "system/test_lost_journal.py::test_what_was_archived_after_the_backup_that_was_restored_is_known_again",
            "unit/test_receipt_reading.py::test_an_exam_is_read_as_its_receipt_was_written",
            "unit/test_receipt_reading.py::test_nothing_is_read_that_would_not_stand_in_a_receipt_of_ours",
            "system/test_lost_journal.py::test_what_was_archived_is_known_again_and_what_is_new_goes_through",
        ),
    ),
    73: Fault(
        "`resend` is given another visit's entry",
        (
            f"{_RESEND}an_exam_that_is_sent_again_leaves_the_entry_of_the_next_visit_alone",
            f"{_RESEND}what_was_lost_goes_into_the_session_that_a_person_names_and_is_on_record",
            f"{_RESEND}a_session_of_another_exam_is_not_used",
            "system/test_resend_real.py::test_without_a_new_entry_nothing_is_sent_where_the_clinician_makes_them",
        ),
    ),
    74: Fault(
        "a file replaced by rename with the same size and time; two folders swapped",
        (
            f"{_REPLACED}a_file_that_is_replaced_with_the_same_size_and_time_is_sent_as_it_is_then_or_held",
            f"{_REPLACED}a_file_that_is_replaced_while_it_is_sent_is_held",
            f"{_REPLACED}a_file_that_is_replaced_while_the_folder_is_moved_is_found_after_the_move",
            f"{_REPLACED}a_file_that_is_replaced_while_its_exam_is_held_is_looked_at_again",
            f"{_REPLACED}a_file_that_is_replaced_while_no_daemon_runs_is_noticed",
            f"{_REPLACED}bytes_that_are_written_in_place_with_the_time_set_back_are_noticed",
            f"{_REPLACED}two_folders_that_are_swapped_never_make_one_session_with_pictures_of_two_subjects",
            f"{_REPLACED}two_folders_that_are_swapped_while_one_is_moved_are_held",
            f"{_DISK}a_file_with_other_numbers_and_other_bytes_is_not_the_one_recorded",
        ),
    ),
    75: Fault(
        "DICOM reserved at full size and written slowly, header only, too few pixels, a fragment cut",
        (
            f"{_SLOWLY}a_dicom_that_was_reserved_at_full_size_is_not_sent_while_its_writer_stalls",
            f"{_SLOWLY}a_file_of_which_the_writer_gave_up_is_held_and_a_person_lets_it_go",
            f"{_SLOWLY}ordinary_dicom_goes_through_at_once",
            f"{_SLOWLY}a_clinic_whose_files_are_copied_with_holes_is_not_asked_every_day",
            f"{_PIXELS}a_picture_of_which_there_is_only_the_header_is_not_whole",
            f"{_PIXELS}native_pixels_are_whole_with_as_many_bytes_as_the_size_asks_for",
            f"{_PIXELS}a_frame_is_whole_with_its_end_mark_and_what_fills_it_up",
            f"{_PIXELS}every_frame_must_be_there_whatever_its_number_of_fragments",
            f"{_PIXELS}the_last_of_run_length_encoded_frames_must_have_all_its_pixels",
            f"{_PIXELS}an_address_is_no_picture_where_the_syntax_has_pixels",
            f"{_PIXELS}an_address_stands_for_the_picture_where_the_syntax_says_so",
            f"{_PIXELS}every_deflated_frame_must_have_its_end",
            f"{_PIXELS}published_pictures_of_which_a_quarter_is_gone_are_not_whole",
            f"{_PIXELS}of_the_files_that_others_published_none_is_unfinished_but_what_looks_half_written",
            "integration/test_half_written.py::test_a_jpeg_whose_middle_is_not_there_yet_is_waited_for",
            f"{_HOLES}space_that_was_cut_out_and_not_yet_filled_is_a_hole",
            f"{_HOLES}space_that_was_reserved_and_not_yet_filled_is_a_hole_even_once_it_was_read",
            f"{_HOLES}a_volume_that_makes_holes_of_zeros_is_known",
            f"{_HALF_WRITTEN}a_file_with_a_hole_waits_then_is_held_and_goes_on_once_it_is_filled",
            f"{_HALF_WRITTEN}a_hole_is_seen_in_other_formats_than_dicom",
            f"{_HALF_WRITTEN}on_a_volume_that_makes_holes_of_zeros_they_say_nothing_and_it_is_tried_once",
            f"{_HALF_WRITTEN}a_person_lets_it_go_for_the_bytes_that_were_there",
            f"{_HALF_WRITTEN}a_picture_that_ends_black_only_waits",
            f"{_HALF_WRITTEN}a_picture_with_a_black_edge_is_waited_for_as_a_writer_is_and_never_held",
            f"{_HALF_WRITTEN}a_writer_that_pauses_where_zeros_were_put_beforehand_is_waited_for",
        ),
    ),
    76: Fault(
        "the writer kept its handle and goes on after the move",
        (
            f"{_RECHECKS}after_a_minute_it_is_told_what_is_not_as_it_was_archived",
            f"{_RECHECKS}ten_minutes_after_it_is_looked_at_once_more",
            f"{_RECHECKS}after_ten_minutes_and_at_a_start_within_the_day_it_is_told_too",
            f"{_RECHECKS}a_start_goes_on_where_a_kill_left_off",
            f"{_RECHECKS}nothing_that_is_ordinary_is_told",
            f"{_RECHECKS}what_a_person_saw_is_not_told_again_and_who_saw_it_is_on_record",
            f"{_AFTER}a_file_that_went_on_while_nobody_looked_is_told_at_the_start_until_it_was_seen",
            f"{_RECHECKS}all_pictures_that_are_deleted_beside_the_receipt_are_told_until_they_are_back",
        ),
    ),
    78: Fault(
        "a receipt of zeros, cut off, or changed in any field; a journal damaged without a new time stamp",
        (
            "integration/test_receipts.py::test_zeros_and_what_was_cut_off_are_no_receipt_and_what_is_left_is_kept",
            "unit/test_receipt_check.py::test_whatever_is_changed_in_it_is_told_and_where",
            "unit/test_receipt_check.py::test_an_exam_that_was_sent_again_is_compared_as_a_whole",
            f"{_AFTER}a_receipt_of_zeros_is_rebuilt_at_the_start_and_all_is_as_on_record",
            f"{_AFTER}a_receipt_that_was_changed_by_hand_is_told_and_left_as_it_is",
            f"{_DAMAGED}damage_without_a_new_time_stamp_is_set_aside_whenever_it_is_met",
            f"{_DAMAGED}no_damage_of_a_row_passes_for_whole",
            f"{_DAMAGED}where_damage_is_met_nothing_more_is_read_or_written",
            f"{_DAMAGED}damage_that_nobody_meets_is_found_by_the_look_at_the_start",
            f"{_DAMAGED}a_command_that_meets_damage_says_what_to_do_and_lets_the_daemon_look",
            f"{_DAMAGED}a_column_that_is_missing_is_no_damage",
            f"{_DAMAGED}a_lock_is_no_damage",
            f"{_DAMAGED_RUNNING}damage_without_a_new_time_stamp_while_it_is_stopped",
            f"{_DAMAGED_RUNNING}damage_while_it_runs",
            f"{_DAMAGED_RUNNING}damage_while_a_picture_is_on_its_way_is_a_lost_journal",
            "integration/test_desk.py::test_the_page_is_kept_where_requests_fail",
            "integration/test_desk.py::test_requests_are_done_where_the_page_fails",
        ),
    ),
    77: Fault(
        "temporary names that no list has, a place kept with zeros",
        (
            f"{_SWEEP}a_file_under_way_is_waited_for_then_held_and_its_own_name_clears_it",
            f"{_SWEEP}a_file_under_way_that_gets_its_name_in_time_is_no_question",
            f"{_SWEEP}the_hold_of_a_file_under_way_says_the_key_that_ends_it_for_all",
            f"{_SWEEP}what_lies_beside_an_exam_stays_and_each_ending_is_said_once",
            f"{_SWEEP}a_file_that_grew_in_disguise_and_stands_still_is_held_over_a_restart_too",
            f"{_SWEEP}a_text_that_grows_beside_an_exam_from_the_beginning_keeps_it_from_nothing",
            f"{_SWEEP}a_text_that_its_program_keeps_open_keeps_its_exam_from_nothing",
            f"{_CONTENT}a_picture_or_report_under_a_name_that_is_none_is_still_on_its_way",
            f"{_CONTENT}what_keeps_the_place_of_a_file_is_still_on_its_way",
            f"{_CONTENT}bytes_of_no_known_kind_under_such_a_name_stay_with_the_folder",
            f"{_CONTENT}a_marker_that_something_is_done_is_no_file_of_the_exam",
            f"{_CONTENT}some_other_thing_stays_and_is_not_sent",
        ),
    ),
    90: Fault(
        "OneDrive, deduplicated and compressed files on Windows",
        (
            f"{_WINDOWS}what_windows_keeps_elsewhere_or_in_another_form_is_an_ordinary_file",
            f"{_WINDOWS}an_exam_that_onedrive_or_deduplication_has_taken_over_is_brought_to_the_edc",
            f"{_WINDOWS}what_stands_for_another_path_is_a_link_whatever_else_it_is",
        ),
    ),
    91: Fault(
        "check on a set-up with which nothing could be sent",
        (
            f"{_CHECK_WELL}a_subject_column_that_holds_other_names_is_seen",
            f"{_CHECK_WELL}a_subject_that_is_written_otherwise_on_the_camera_is_seen",
            f"{_CHECK_WELL}a_pattern_that_makes_one_subject_of_several_folders_is_seen",
            f"{_CHECK_WELL}a_pattern_that_fits_no_folder_at_all_is_seen",
            f"{_CHECK_WELL}pictures_of_a_camera_that_makes_no_folders_are_seen",
            f"{_CHECK_WELL}pictures_in_a_folder_that_the_pattern_does_not_take_are_seen_beside_those_that_it_takes",
            f"{_CHECK_WELL}more_folders_than_are_looked_at_are_told_with_the_command_for_all",
            f"{_CHECK_WELL}a_folder_that_cannot_be_listed_is_wrong",
            f"{_CHECK_ENTRIES}exams_that_the_edc_has_no_entry_for_are_never_well",
            f"{_CHECK_ENTRIES}only_the_exam_without_an_entry_is_asked_about",
            f"{_CHECK_ENTRIES}the_entry_of_the_visit_before_is_none_for_the_next",
            f"{_CHECK_WELL}what_is_held_by_the_record_is_never_well",
            f"{_CHECK_WELL}what_the_program_that_runs_says_of_itself_is_told",
            f"{_CHECK_WELL}an_ordinary_site_is_well",
        ),
    ),
    92: Fault(
        "chat services that want their own body; a test message",
        (
            "unit/test_alerts.py::test_a_chat_service_is_sent_its_own_body_and_a_program_ours",
            "integration/test_send_test.py::test_each_way_is_sent_a_message_that_says_that_it_is_a_test",
        ),
    ),
    93: Fault(
        "DICOM's own laterality, or OD, OS, LEFT, RIGHT in a name, contradicts the configured source",
        (
            f"{_OBJECTIONS}dicom_that_names_the_other_eye_than_the_database_holds_until_a_person_says",
            f"{_OBJECTIONS}a_name_objects_to_the_row_of_a_picture_and_of_a_report_of_one_eye",
            f"{_OBJECTIONS}an_ordinary_exam_is_not_held_whatever_its_names",
            f"{_OBJECTIONS}the_third_exam_running_names_the_key_that_ends_it_and_the_key_does",
            f"{_TOLD}[the name contradicts the database (93)]",
            "system/test_eyes_and_times_real.py::test_names_that_contradict_the_database_are_held_until_a_person_says",
        ),
    ),
    94: Fault(
        "all rows of a name stand under another subject; the subject is corrected after the archive",
        (
            f"{_ELSEWHERE}rows_that_wait_under_one_other_subject_are_told_as_that_subjects_and_no_eye_is_asked_for",
            f"{_ELSEWHERE}a_name_that_several_subjects_have_proves_nothing_and_is_mentioned",
            f"{_ELSEWHERE}a_row_that_answered_for_the_other_subjects_own_picture_is_nobody_elses",
            f"{_ELSEWHERE}a_row_of_another_subject_has_to_be_of_the_pictures_day",
            f"{_ROWS_AGAIN}a_subject_that_was_corrected_is_told_with_both",
            f"{_ROWS_AGAIN}a_subject_that_was_corrected_while_the_daemon_runs_is_told_within_the_hour",
            f"{_ROWS_AGAIN}rows_that_answered_for_the_other_subject_are_its_own",
            f"{_ROWS_AGAIN}rows_of_a_name_that_nobody_else_has_are_known_under_another_subject",
            f"{_ROWS_AGAIN}a_name_that_other_subjects_pictures_had_is_no_proof",
            f"{_ROWS_AGAIN}rows_of_the_next_patient_under_the_same_numbers_are_no_correction_where_all_were_cleared",
            f"{_ASKED_AGAIN}the_very_rows_under_another_subject_hold_it_though_others_have_the_names",
            f"{_ROWS_AGAIN}two_subjects_that_were_exchanged_are_told_of_both",
            f"{_ASKED_AGAIN}a_table_that_was_cleared_at_night_and_is_the_next_patients_holds_nothing",
            f"{_ASKED_AGAIN}a_person_who_is_certain_has_them_sent_as_they_were_told_before",
            f"{_ASKED_AGAIN}a_subject_that_is_corrected_while_files_are_sent_is_held_before_the_archive",
            f"{_ASKED_AGAIN}a_table_that_is_cleared_while_files_are_sent_holds_nothing_whoever_is_next",
        ),
    ),
    95: Fault(
        "an identifier that only looks like a known one",
        (
            "unit/test_resemblance.py::test_what_only_looks_like_a_known_identifier_resembles_it",
            "unit/test_resemblance.py::test_another_letter_or_digit_is_another_subject",
            f"{_LOOKALIKES}who_is_not_in_the_cameras_database_is_compared_with_those_who_are",
            f"{_LOOKALIKES}whom_the_edc_does_not_know_is_compared_with_those_whose_exams_are_archived",
            f"{_LOOKALIKES}whom_the_edc_had_before_is_himself_while_he_waits_for_an_entry",
            f"{_LOOKALIKES}that_two_names_may_be_one_subject_s_comes_before_what_to_do_with_a_stranger_s",
            "system/test_what_the_camera_says.py::test_an_identifier_that_only_looks_like_a_known_one_is_said_to_by_status_and_check",
        ),
    ),
    96: Fault(
        "the time zone key is corrected with an exam half sent",
        (
            f"{_TIMES}a_time_zone_corrected_while_an_exam_is_half_sent_makes_no_second_visit",
            f"{_TIMES}a_second_visit_is_seen_though_the_old_zone_puts_it_at_the_same_time",
            f"{_TIMES}what_the_rows_said_when_a_picture_was_sent_is_kept_when_its_time_is_gone",
            "system/test_eyes_and_times_real.py::test_a_time_zone_corrected_while_an_exam_is_half_sent_makes_no_second_visit",
        ),
    ),
    97: Fault(
        "numbers of files that change by themselves",
        (
            f"{_REPLACED}on_a_share_whose_numbers_change_what_is_missing_is_told_once_and_little_is_read",
            f"{_REPLACED}on_a_share_whose_numbers_change_an_exam_arrives_and_is_read_a_few_times",
            f"{_REPLACED}a_hold_is_said_once_whatever_the_numbers_of_its_files_become",
            f"{_REPLACED}a_file_that_has_the_same_bytes_is_the_same_whatever_else_is_another",
            f"{_REPLACED}numbers_that_change_before_the_move_send_an_exam_nowhere_back",
            "unit/test_live_folder.py::test_numbers_that_change_at_each_look_have_it_read_less_and_less_often",
        ),
    ),
    98: Fault(
        "pictures and entry are more than `visit_days` apart",
        (
            f"{_DATES}an_entry_of_another_day_is_held_before_a_byte_leaves",
            f"{_DATES}an_entry_of_about_the_same_day_is_used",
            f"{_DATES}it_goes_on_by_itself_once_the_clinician_corrects_the_date",
            f"{_DATES}an_old_visit_does_not_go_into_the_next_one_s_entry_nor_the_next_into_an_older",
            "integration/test_second_visit.py::test_it_goes_into_the_entry_that_a_person_names_by_its_id",
            "integration/test_second_visit.py::test_it_goes_into_no_other_entry_than_the_one_that_was_named",
            f"{_DATES}of_two_folders_the_one_of_the_entry_s_day_goes_first_whatever_its_age",
            f"{_DATES}of_two_folders_a_day_or_more_apart_the_nearer_to_the_entry_goes_first",
            f"{_DATES}of_two_entries_of_the_day_a_person_names_the_exams",
            f"{_DATES}of_two_entries_a_person_names_the_exams_also_after_a_first_upload_that_failed",
            f"{_DATES}an_entry_made_in_advance_raises_no_question_after_a_first_upload_that_failed",
            f"{_DATES}who_named_the_newest_entry_is_asked_again_where_it_is_the_newest_no_more",
            f"{_DATES}an_entry_that_is_made_in_advance_meanwhile_raises_no_question",
            f"{_DATES}the_third_hold_of_a_site_that_makes_its_entries_long_before_names_the_key",
            f"{_DATES}where_the_camera_s_clock_may_be_wrong_the_third_hold_names_that_and_not_the_key",
            f"{_DATES}a_clock_that_was_never_set_makes_no_other_visit_of_it",
            f"{_MONTH}a_week_of_an_ordinary_clinic_goes_by_without_a_question",
            f"{_MONTH}a_site_that_makes_its_entries_at_consent_is_told_the_key_by_its_third_hold",
            f"{_ENTRY_DATES}an_entry_of_another_day_is_held_until_a_person_names_it",
            f"{_ENTRY_DATES}a_wrong_date_is_refused_and_nothing_is_sent",
            f"{_ENTRY_DATES}an_entry_whose_date_the_clinician_corrects_is_used",
            f"{_ENTRY_DATES}fridays_pictures_go_into_mondays_entry",
            f"{_ENTRY_DATES}of_two_folders_the_one_of_the_entrys_day_goes_first",
            "integration/test_names_of_a_vanished_exam.py::test_the_later_visit_is_an_exam_of_its_own_in_its_own_entry",
            "system/test_names_begin_again_real.py::test_the_next_visit_is_an_exam_of_its_own_and_writes_over_nothing",
            f"{_DATES}an_entry_that_is_given_to_another_visit_before_the_first_byte_is_left",
            f"{_DATES}an_entry_whose_date_is_changed_while_files_are_sent_is_asked_about",
            f"{_DATES}of_an_entry_that_is_nearer_and_was_made_since_a_person_says_whether_it_is_the_exams",
            f"{_DATES}an_entry_that_a_person_chose_is_used_though_a_nearer_one_was_made_since",
            f"{_DATES}an_entry_whose_date_is_changed_between_the_last_file_and_the_proof_is_asked_about",
            f"{_DATES}an_entry_that_a_person_named_is_used_whatever_becomes_of_its_date",
            f"{_ENTRY_DATES}an_entry_that_is_given_to_another_visit_before_the_first_byte_is_left",
            f"{_ENTRY_DATES}of_two_entries_a_person_names_the_exams_also_after_a_first_upload_that_was_cut_off",
            f"{_ENTRY_DATES}two_folders_of_neighbouring_days_go_into_the_entries_of_their_own_days",
        ),
    ),
    99: Fault(
        "another workstation sends into the entry that ours had resolved",
        (
            f"{_ENTRIES}what_another_workstation_sent_while_the_line_was_away_is_not_taken_for_ours",
            f"{_ENTRIES}nor_while_an_exam_was_half_sent",
            f"{_ENTRIES}what_is_there_is_not_given_up_for_ours_whatever_is_said",
            f"{_ENTRIES}what_came_while_an_exam_was_half_sent_is_not_given_up_either",
            f"{_ENTRIES}what_another_one_sent_while_a_long_upload_ran_is_not_taken_for_the_next_of_ours",
            f"{_ENTRIES}long_uploads_with_nobody_else_about_cost_no_question",
            f"{_ENTRIES}a_line_that_fails_with_nobody_else_about_costs_no_question",
            f"{_WORKSTATIONS}what_another_one_sent_while_a_long_upload_ran_is_not_taken_for_the_next_of_ours",
            f"{_WORKSTATIONS}what_another_workstation_sent_meanwhile_is_neither_taken_for_ours_nor_written_over",
            f"{_WORKSTATIONS}with_nobody_else_about_it_goes_on_by_itself",
            f"{_ENTRIES}at_whatever_moment_another_one_sends_nothing_leaves_after_an_answer_that_shows_it",
            f"{_STORMS_TOGETHER}nothing_is_lost_and_nothing_called_stored_that_is_not",
            f"{_STORMS_TOGETHER}a_storm_would_notice_a_guard_that_is_taken_out",
        ),
    ),
    79: Fault(
        "anything that waits for longer than `attention_after`",
        (
            *(
                f"{_ATTENTION}it_is_listed_told_once_tried_on_and_over_when_it_gets_on[{case}]"
                for case in (
                    "a file that never stops growing",
                    "a file that may not be read",
                    "a folder that may not be listed",
                    "one inside it that may not",
                    "a database that is locked",
                    "a folder that cannot be moved",
                )
            ),
            f"{_ATTENTION}an_exam_whose_request_a_firewall_refuses_is_told_once_while_others_go",
            f"{_ATTENTION}a_daemon_that_is_started_anew_lists_it_still",
            f"{_ATTENTION}exams_behind_a_locked_database_are_one_matter",
            f"{_ATTENTION}a_file_time_beyond_any_calendar_keeps_no_exam_from_beginning",
            f"{_STANDS}what_stands_is_told_everywhere_others_go_and_it_ends_by_itself",
            f"{_STANDS}check_and_one_run_say_which_folder_may_not_be_listed",
            "unit/test_attention.py::test_whatever_has_not_got_on_is_listed_then_and_stays_listed",
            "unit/test_attention.py::test_another_try_is_not_getting_on",
            "integration/test_attention_watch.py::test_where_the_journal_cannot_be_read_or_written_it_is_told_from_memory",
        ),
    ),
    80: Fault(
        "no inotify instance left, or no Observer at all",
        (
            f"{_WATCHER}whatever_an_observer_fails_with_is_said_once_and_tried_at_each_sweep",
            f"{_WATCHER}an_observer_that_dies_all_the_time_is_said_once",
            f"{_WATCHER}whatever_a_watch_of_one_folder_fails_with_keeps_no_exam_waiting",
            "system/test_without_observer.py::test_an_exam_is_brought_to_the_edc_where_the_system_gives_no_inotify",
        ),
    ),
    82: Fault(
        "the camera program's own collation, functions, encodings, NULs, encryption",
        (
            "integration/test_camera_db.py::test_a_column_with_the_camera_s_own_collation_is_read",
            "integration/test_camera_db.py::test_a_view_that_calls_a_function_of_the_camera_s_own_is_named_with_its_table",
            "integration/test_camera_db.py::test_text_that_ends_in_nuls_is_read_without_them",
            "integration/test_camera_db.py::test_text_in_the_code_page_of_windows_is_read",
            "integration/test_camera_db.py::test_a_whole_row_of_two_bytes_for_a_letter_is_read_and_found_again",
            f"{_LOOKALIKES}a_database_whose_subjects_are_no_text_is_said_with_the_key_that_names_them",
            "integration/test_camera_db.py::test_an_encrypted_database_is_named_as_likely_one",
        ),
    ),
    83: Fault(
        "interim answers (102, 103), gzip that nobody asked for",
        (
            "unit/test_edc_response.py::test_interim_answers_are_passed_over",
            "unit/test_edc_response.py::test_a_body_in_gzip_is_unpacked_and_another_is_as_it_is",
            "unit/test_edc_response.py::test_no_more_is_unpacked_than_would_be_read",
            "unit/test_edc_api.py::test_an_exam_goes_through_a_proxy_that_packs_and_talks_between",
        ),
    ),
    84: Fault(
        "401 and 403 that are not the token's (a WAF's page, a header that a web server drops)",
        (
            f"{_ANSWERS}a_page_that_refuses_is_a_proxy_s_or_firewall_s_and_not_the_token_s",
            f"{_ANSWERS}a_token_that_does_not_arrive_is_none_that_is_refused",
            "unit/test_edc_api.py::test_a_token_that_is_not_seen_is_told_from_one_that_is_refused_in_any_language",
            f"{_TOLD}[a firewall refuses one upload (84)]",
            f"{_TOLD}[the token is taken off on its way (84)]",
            "system/test_check_init_service.py::test_check_tells_a_token_that_does_not_arrive_from_one_that_is_refused",
        ),
    ),
    85: Fault(
        "a changed secret file; a changed configuration",
        (
            "unit/test_secret_file.py::test_what_was_refused_is_read_again_at_once_and_whenever_the_file_changes",
            "unit/test_config_watch.py::test_what_was_changed_is_named_with_the_restart_until_it_is_changed_back",
            "unit/test_config_watch.py::test_a_file_that_would_be_refused_is_said_with_every_reason_and_no_secret",
            "system/test_changed_while_running.py::test_a_token_that_is_replaced_in_its_file_is_used_once_the_old_one_is_refused",
            "system/test_changed_while_running.py::test_a_password_that_is_replaced_in_its_file_signs_in_the_next_mail",
            "system/test_changed_while_running.py::test_a_changed_configuration_is_said_by_status_page_and_log_until_it_is_restarted",
            "system/test_changed_while_running.py::test_a_configuration_that_would_be_refused_is_said_with_why_and_status_still_shows",
        ),
    ),
    86: Fault(
        "a local reader takes the lock; the umask is wide",
        (
            "system/test_rights.py::test_a_reader_that_keeps_the_lock_keeps_no_daemon_from_starting_but_a_daemon_does",
            "system/test_rights.py::test_only_owner_and_group_read_what_names_patients_whatever_the_umask",
            "system/test_rights.py::test_what_an_earlier_release_left_open_to_all_is_closed_at_the_next_start",
        ),
    ),
    89: Fault(
        "numbers and texts for times in any known form; clocks that were never set",
        (
            "unit/test_stored_times.py::test_each_known_form_is_told_by_the_file_s_own_time",
            "unit/test_stored_times.py::test_what_is_near_in_no_form_is_not_used",
            "unit/test_stored_times.py::test_a_file_of_a_clock_that_was_never_set_tells_nothing_of_the_form",
            "unit/test_capture.py::test_a_clock_that_was_never_set_is_told_of",
            "unit/test_capture.py::test_a_time_of_the_database_that_is_not_used_is_told_of",
            "integration/test_pipeline_times.py::test_a_time_in_another_form_is_the_picture_s_and_nothing_is_said",
            "integration/test_pipeline_times.py::test_a_form_that_was_named_is_read_though_the_pictures_were_exported_late",
        ),
    ),
    100: Fault(
        "the listing holds what we did not send",
        (
            f"{_ENTRIES}a_doubtful_upload_is_settled_before_what_is_listed_is_taken_for_it",
            f"{_ENTRIES}nor_while_an_exam_was_half_sent",
            f"{_WORKSTATIONS}what_another_workstation_sent_meanwhile_is_neither_taken_for_ours_nor_written_over",
        ),
    ),
    101: Fault(
        "the clock is set back between the archive and a late picture",
        (
            f"{_PIPELINE_SESSION}a_late_picture_is_known_though_the_clock_was_set_back",
            "unit/test_late.py::test_a_clock_that_was_set_back_since_the_archive_does_not_hide_what_came_before",
        ),
    ),
    102: Fault(
        "the EDC is restored from a backup, or the entry is moved",
        (
            f"{_ENTRIES}all_that_was_forgotten_before_the_proof_is_sent_again_where_it_shows",
            f"{_ENTRIES}an_entry_that_went_to_another_subject_is_gone",
            f"{_ENTRIES}where_the_newest_entry_is_older_than_ours_ours_is_gone",
            f"{_ENTRIES}where_the_newest_entry_is_newer_the_exam_is_finished",
            f"{_ENTRIES}what_was_forgotten_before_the_proof_is_sent_again_whatever_the_backup_has_of_it",
            f"{_ENTRIES}half_sent_then_forgotten_behind_a_newer_entry_all_is_sent_again_where_it_shows",
            f"{_ENTRIES}half_sent_behind_a_newer_entry_goes_on_where_nothing_was_forgotten",
            f"{_CONFIRMED}what_was_forgotten_is_a_person_s_matter",
            f"{_CONFIRMED}where_the_newest_entry_is_older_than_ours_ours_is_gone",
            f"{_CONFIRMED}the_file_that_was_stored_last_is_asked_about",
            f"{_CONFIRMED}where_nobody_can_tell_nothing_is_said_and_nothing_is_sent",
            f"{_CONFIRMED}a_late_picture_is_asked_about_by_itself_where_that_tells",
            f"{_CONFIRMED}a_late_picture_that_was_forgotten_before_the_proof_is_sent_again",
            "system/test_restored_real.py::test_a_late_picture_that_was_forgotten_is_told_where_the_release_can",
            f"{_CONFIRMED}one_file_is_sent_again_where_the_next_visit_has_its_entry",
            f"{_RESEND}what_the_edc_had_forgotten_a_while_after_the_archive_is_told_and_sent_again",
            f"{_RESTORED}what_was_forgotten_is_held_and_goes_again_once_a_person_says_so",
            f"{_RESTORED}an_entry_that_was_forgotten_with_the_files_is_gone",
            f"{_RESTORED}behind_a_newer_entry_a_file_sent_again_tells_where_the_release_can",
            f"{_RESTORED}after_the_archive_it_is_asked_once_more_and_resend_brings_it_back",
            f"{_RESTORED}half_sent_then_forgotten_behind_a_newer_entry_all_goes_again_where_it_shows",
            f"{_RESTORED}after_the_archive_an_entry_that_was_forgotten_is_told_though_an_older_one_is_there",
        ),
    ),
    103: Fault(
        "half sent, and then the entry is empty",
        (
            f"{_ENTRIES}half_sent_and_then_an_empty_entry_is_held_before_the_rest_is_sent",
            f"{_ENTRIES}what_is_there_all_the_same_is_finished",
            f"{_RESTORED}what_was_forgotten_is_held_and_goes_again_once_a_person_says_so",
        ),
    ),
    104: Fault(
        "`report_type` or a contra-indication changes while files are sent",
        (
            f"{_ENTRIES}a_report_type_that_changes_while_files_are_sent_is_told",
            f"{_ENTRIES}a_contra_indication_that_is_entered_meanwhile_is_told",
            f"{_ENTRIES}one_that_is_entered_before_the_first_byte_leaves_the_entry_as_it_is",
            f"{_ENTRIES}one_that_is_entered_while_an_exam_is_half_sent_is_asked_about_before_the_rest_goes",
            f"{_ENTRIES}one_that_is_taken_back_lets_the_rest_go_by_itself",
            "system/test_contraindicated_real.py::test_before_the_first_byte_nothing_leaves_until_it_is_taken_back",
            "system/test_contraindicated_real.py::test_half_sent_the_rest_goes_once_a_person_says_so",
            f"{_ENTRIES}an_entry_that_is_never_complete_is_a_line_in_the_receipt",
        ),
    ),
    105: Fault(
        "a server is migrated with exams half sent",
        (
            f"{_MACHINE}a_server_that_is_upgraded_between_two_uploads_gets_the_rest_into_the_same_session",
            f"{_LOST}an_upgrade_between_two_uploads_costs_nothing",
            "system/test_server_upgrade_real.py::test_exams_that_are_half_sent_go_on_once_whoever_is_started_first",
        ),
    ),
    108: Fault(
        "a clock that was ahead or is set back",
        (
            f"{_CLOCKS}a_clock_a_year_ahead_when_a_picture_came_does_not_silence_its_exam",
            f"{_CLOCKS}a_clock_that_is_set_meanwhile_holds_nothing_too_early_and_nothing_too_late",
            f"{_CLOCKS}tries_that_fail_are_a_person_s_matter_after_a_quarter_of_an_hour_whatever_the_clock_says",
            "unit/test_attention.py::test_a_clock_that_is_set_neither_lists_all_nor_hides_one",
            "unit/test_herald.py::test_a_clock_that_is_set_has_nothing_told_too_early_and_nothing_too_late",
        ),
    ),
    109: Fault(
        "a rename that fails though both folders are on one volume (mounts of a service, containers)",
        (
            "system/test_archive_elsewhere.py::test_what_is_mounted_apart_is_refused_at_the_start_in_words_of_its_own",
            "system/test_archive_elsewhere.py::test_check_tries_it_where_it_is_run",
            "system/test_archive_elsewhere.py::test_check_sees_the_mounts_of_the_daemon_that_runs",
            "system/test_archive_elsewhere.py::test_below_one_mount_an_exam_is_moved_to_it",
            f"{_MACHINE}an_archive_that_is_mounted_apart_is_refused_at_the_start",
            f"{_MACHINE}an_archive_that_cannot_be_written_now_keeps_no_exam_from_the_edc",
            f"{_UNITS}a_unit_opens_one_parent_of_the_camera_s_folder_and_the_archive",
            f"{_UNITS}what_a_unit_mounts_apart_is_seen_in_it_whoever_wrote_it",
            f"{_PIPELINE_FOLDER}what_keeps_a_folder_from_the_archive_is_told_for_what_it_is",
        ),
    ),
    106: Fault(
        "the journal cannot be written, the camera's folder is away",
        (
            "unit/test_herald.py::test_a_journal_that_cannot_be_written_is_told_without_it_and_its_end_too",
            "unit/test_herald.py::test_what_was_told_is_not_told_again_while_the_journal_cannot_forget_it",
            "unit/test_herald.py::test_a_start_with_a_journal_that_cannot_be_read_tells_and_makes_it_good_later",
            "unit/test_herald.py::test_the_sign_of_life_is_given_every_few_minutes_while_all_is_well",
            "system/test_standing.py::test_a_full_disk_is_told_by_all_and_it_goes_on_once_there_is_room",
            "system/test_standing.py::test_a_start_on_a_full_disk_leaves_no_journal_behind_and_says_why",
            "system/test_standing.py::test_an_answer_that_cannot_be_written_down_says_what_is_in_the_way",
            "system/test_standing.py::test_on_a_full_disk_a_new_exam_is_shown_and_told_as_no_matter_of_its_own",
            "system/test_standing.py::test_a_daemon_that_writes_nothing_any_more_is_told_by_status_and_check",
            "integration/test_attention.py::test_a_hold_of_before_is_told_though_it_can_neither_be_written_nor_tried_again",
            "system/test_standing.py::test_a_camera_s_folder_that_is_away_is_told_by_all_and_then_it_goes_on",
            "system/test_standing.py::test_an_empty_folder_in_the_place_of_the_camera_s_disk_is_never_said_to_be_well",
            "system/test_attention.py::test_a_state_folder_that_may_not_be_entered_any_more_is_told_and_goes_on",
            "system/test_standing.py::test_a_share_that_does_not_answer_is_told_by_all_and_then_it_goes_on",
            "system/test_standing.py::test_files_that_are_never_read_keep_no_other_exam_until_none_answers_and_then_it_is_told_once",
            "system/test_standing.py::test_a_share_that_is_silent_at_the_start_is_told_and_keeps_no_stop_waiting",
            "unit/test_starting.py::test_a_start_that_waits_for_a_share_says_for_which_and_that_it_goes_on",
        ),
    ),
    107: Fault(
        "one cause, many exams",
        (
            "unit/test_alerts.py::test_sixty_holds_of_one_reason_are_one_message_and_one_end",
            "unit/test_alerts.py::test_the_next_message_of_a_reason_comes_later_and_names_only_the_new_ones",
            "unit/test_alerts.py::test_what_keeps_all_exams_is_one_trouble_and_names_no_path",
            "system/test_standing.py::test_a_database_that_is_gone_is_one_message_for_all_exams_and_one_end",
            "system/test_standing.py::test_many_holds_of_one_reason_are_one_message_by_web_and_mail_and_one_end",
        ),
    ),
    110: Fault(
        "the archive renamed, moved, or another one configured",
        (
            "system/test_archive_moved.py::test_what_was_moved_is_found_by_report_and_by_resend_and_is_no_subject",
            "system/test_archive_moved.py::test_what_is_nowhere_is_told",
            f"{_OLD_ARCHIVE}an_archive_that_was_renamed_is_no_subject",
            f"{_OLD_ARCHIVE}an_archive_that_an_earlier_release_held_as_a_subject_is_let_go",
            f"{_OLD_ARCHIVE}a_picture_beside_archived_exams_may_be_a_new_exams_and_is_told",
            f"{_OLD_ARCHIVE}a_receipt_of_another_program_is_none_of_ours",
        ),
    ),
    111: Fault(
        "the watch folder under another letter or path",
        (
            f"{_MOVED}what_the_refusal_advises_brings_all_of_it_on",
            f"{_MOVED}a_folder_without_its_id_is_known_by_what_lies_in_it",
            f"{_MOVED}a_folder_that_does_not_agree_is_not_believed",
            f"{_MOVED}a_folder_that_is_not_all_there_is_told",
            f"{_MOVED}the_same_folder_by_another_path_is_no_other",
            f"{_PROCESS}the_journal_of_another_folder_is_refused",
        ),
    ),
    81: Fault(
        "a 5 GB file, 100,000 files in one folder, 20,000 folders",
        (
            f"{_SLOW}an_exam_is_ready_while_a_file_of_another_is_still_being_read",
            f"{_SLOW}what_changes_while_it_is_read_is_read_again_and_judged_by_what_it_is_then",
            f"{_SLOW}what_is_being_read_is_given_up_when_the_daemon_stops",
            f"{_SLOW}what_is_over_the_limit_is_held_at_once_and_not_hashed",
            f"{_SLOW}a_folder_with_too_much_in_it_is_told_and_the_others_go_on",
            f"{_SLOW}what_comes_is_looked_at_before_a_long_backlog",
            f"{_SLOW}a_folder_with_as_much_as_is_allowed_is_an_exam",
            "unit/test_readers.py::test_of_large_ones_one_is_read_at_a_time_and_the_ordinary_ones_beside_it",
        ),
    ),
    87: Fault(
        "system folders of NAS and Windows, raw pictures, logos, thumbnails",
        (
            f"{_SWEEP}a_systems_own_folder_is_no_subject_and_holds_no_exam",
            f"{_SWEEP}a_folder_inside_that_holds_nothing_but_the_systems_own_is_empty",
            f"{_SWEEP}a_logo_and_thumbnails_that_a_site_lists_are_no_pictures_of_an_eye",
            f"{_SWEEP}a_name_that_the_site_ignores_is_no_part_of_any_exam",
            f"{_ANSWERED}raw_pictures_beside_the_others_stay_with_the_folder_where_the_site_leaves_them_out",
        ),
    ),
    88: Fault(
        "documents that strict readers take",
        (
            f"{_AS_THEY_ARE}it_is_held_and_a_plain_release_sends_it_as_it_is",
            f"{_AS_THEY_ARE}a_report_that_is_padded_is_sent_by_itself",
            "unit/test_content_reports.py::test_white_space_behind_the_end_of_a_report_is_no_damage",
            "unit/test_content_reports.py::test_zeros_behind_the_end_of_a_report_are_no_damage_and_waited_for",
            "unit/test_sample_files.py::test_of_pydicoms_samples_all_are_whole_but_those_in_the_table",
        ),
    ),
}

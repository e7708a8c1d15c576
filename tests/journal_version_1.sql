-- The journal of the first release (version 1 of its tables), as it stood when that release was stopped: exams in
-- every state, files with every outcome, answers with and without checksums, requests open and done.
-- ${...} is filled in by tests/first_release.py: what depends on the machine, on the day and on the EDC's answers.
BEGIN TRANSACTION;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    exam_id INTEGER NOT NULL REFERENCES exams (id),
    at TEXT NOT NULL,
    event TEXT NOT NULL,
    detail TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,1,'${t:-86400}','seen','');
INSERT INTO "events" VALUES(2,1,'${t:-86395}','resolved','${session:S-ARCHIVED}');
INSERT INTO "events" VALUES(3,1,'${t:-86394}','sending','OD.jpg');
INSERT INTO "events" VALUES(4,1,'${t:-86393}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(5,1,'${t:-86392}','sending','OS.jpg');
INSERT INTO "events" VALUES(6,1,'${t:-86391}','acknowledged','OS.jpg');
INSERT INTO "events" VALUES(7,1,'${t:-86390}','sending','report.pdf');
INSERT INTO "events" VALUES(8,1,'${t:-86389}','acknowledged','report.pdf');
INSERT INTO "events" VALUES(9,1,'${t:-86388}','proven','');
INSERT INTO "events" VALUES(10,1,'${t:-86387}','moving','');
INSERT INTO "events" VALUES(11,1,'${t:-86386}','moved','');
INSERT INTO "events" VALUES(12,2,'${t:-80000}','seen','');
INSERT INTO "events" VALUES(13,2,'${t:-79995}','held','eye_unknown');
INSERT INTO "events" VALUES(14,2,'${t:-79994}','released','anna: a picture of the ceiling (skip OD2.jpg)');
INSERT INTO "events" VALUES(15,2,'${t:-79993}','resolved','${session:S-ARCHIVED-SKIPPED}');
INSERT INTO "events" VALUES(16,2,'${t:-79992}','sending','OD.jpg');
INSERT INTO "events" VALUES(17,2,'${t:-79991}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(18,2,'${t:-79990}','sending','OS.jpg');
INSERT INTO "events" VALUES(19,2,'${t:-79989}','acknowledged','OS.jpg');
INSERT INTO "events" VALUES(20,2,'${t:-79988}','sending','report.pdf');
INSERT INTO "events" VALUES(21,2,'${t:-79987}','acknowledged','report.pdf');
INSERT INTO "events" VALUES(22,2,'${t:-79986}','proven','');
INSERT INTO "events" VALUES(23,2,'${t:-79985}','moving','');
INSERT INTO "events" VALUES(24,2,'${t:-79984}','moved','');
INSERT INTO "events" VALUES(25,3,'${t:-70000}','seen','');
INSERT INTO "events" VALUES(26,3,'${t:-69995}','vanished','');
INSERT INTO "events" VALUES(27,4,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(28,5,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(29,6,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(30,7,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(31,7,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(32,8,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(33,8,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(34,8,'${t:-5394}','resolved','${session:S-UPLOADING}');
INSERT INTO "events" VALUES(35,8,'${t:-5393}','sending','OD.jpg');
INSERT INTO "events" VALUES(36,8,'${t:-5392}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(37,8,'${t:-5391}','sending','OS.jpg');
INSERT INTO "events" VALUES(38,9,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(39,9,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(40,9,'${t:-5394}','resolved','${session:S-DOUBT}');
INSERT INTO "events" VALUES(41,9,'${t:-5393}','sending','OD.jpg');
INSERT INTO "events" VALUES(42,9,'${t:-5392}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(43,9,'${t:-5391}','sending','OS.jpg');
INSERT INTO "events" VALUES(44,10,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(45,10,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(46,10,'${t:-5394}','resolved','${session:S-VERIFYING}');
INSERT INTO "events" VALUES(47,10,'${t:-5393}','sending','OD.jpg');
INSERT INTO "events" VALUES(48,10,'${t:-5392}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(49,10,'${t:-5391}','sending','OS.jpg');
INSERT INTO "events" VALUES(50,10,'${t:-5390}','acknowledged','OS.jpg');
INSERT INTO "events" VALUES(51,10,'${t:-5389}','sending','report.pdf');
INSERT INTO "events" VALUES(52,10,'${t:-5388}','acknowledged','report.pdf');
INSERT INTO "events" VALUES(53,11,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(54,11,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(55,11,'${t:-5394}','resolved','${session:S-ARCHIVING}');
INSERT INTO "events" VALUES(56,11,'${t:-5393}','sending','OD.jpg');
INSERT INTO "events" VALUES(57,11,'${t:-5392}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(58,11,'${t:-5391}','sending','OS.jpg');
INSERT INTO "events" VALUES(59,11,'${t:-5390}','acknowledged','OS.jpg');
INSERT INTO "events" VALUES(60,11,'${t:-5389}','sending','report.pdf');
INSERT INTO "events" VALUES(61,11,'${t:-5388}','acknowledged','report.pdf');
INSERT INTO "events" VALUES(62,11,'${t:-5387}','proven','');
INSERT INTO "events" VALUES(63,11,'${t:-5386}','moving','');
INSERT INTO "events" VALUES(64,12,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(65,12,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(66,12,'${t:-5394}','resolved','${session:S-MOVED}');
INSERT INTO "events" VALUES(67,12,'${t:-5393}','sending','OD.jpg');
INSERT INTO "events" VALUES(68,12,'${t:-5392}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(69,12,'${t:-5391}','sending','OS.jpg');
INSERT INTO "events" VALUES(70,12,'${t:-5390}','acknowledged','OS.jpg');
INSERT INTO "events" VALUES(71,12,'${t:-5389}','sending','report.pdf');
INSERT INTO "events" VALUES(72,12,'${t:-5388}','acknowledged','report.pdf');
INSERT INTO "events" VALUES(73,12,'${t:-5387}','proven','');
INSERT INTO "events" VALUES(74,12,'${t:-5386}','moving','');
INSERT INTO "events" VALUES(75,13,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(76,13,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(77,13,'${t:-5394}','held','no_session');
INSERT INTO "events" VALUES(78,14,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(79,14,'${t:-5395}','released','anna: I saw it (OD.jpg is left)');
INSERT INTO "events" VALUES(80,14,'${t:-5394}','held','eye_unknown');
INSERT INTO "events" VALUES(81,15,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(82,15,'${t:-5395}','held','eye_unknown');
INSERT INTO "events" VALUES(83,15,'${t:-5394}','released','anna: asked the photographer (OD.jpg is right)');
INSERT INTO "events" VALUES(84,16,'${t:-9000}','seen','');
INSERT INTO "events" VALUES(85,16,'${t:-8995}','held','incomplete');
INSERT INTO "events" VALUES(86,17,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(87,17,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(88,17,'${t:-5394}','resolved','${session:S-REFUSED}');
INSERT INTO "events" VALUES(89,17,'${t:-5393}','sending','OD.jpg');
INSERT INTO "events" VALUES(90,17,'${t:-5392}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(91,17,'${t:-5391}','sending','OS.jpg');
INSERT INTO "events" VALUES(92,17,'${t:-5390}','acknowledged','OS.jpg');
INSERT INTO "events" VALUES(93,17,'${t:-5389}','sending','report.pdf');
INSERT INTO "events" VALUES(94,17,'${t:-5388}','refused','report.pdf: invalid_content');
INSERT INTO "events" VALUES(95,17,'${t:-5387}','held','refused_content');
INSERT INTO "events" VALUES(96,18,'${t:-5400}','seen','');
INSERT INTO "events" VALUES(97,18,'${t:-5395}','identified','');
INSERT INTO "events" VALUES(98,18,'${t:-5394}','resolved','${session:S-VANISHED}');
INSERT INTO "events" VALUES(99,18,'${t:-5393}','sending','OD.jpg');
INSERT INTO "events" VALUES(100,18,'${t:-5392}','acknowledged','OD.jpg');
INSERT INTO "events" VALUES(101,18,'${t:-5391}','held','vanished');
CREATE TABLE exams (
    id INTEGER PRIMARY KEY,
    folder, subject, state, first_seen, last_change, reason, not_before, attempts, failing_since, session_id, api_url, session, former_sessions, destination, archived_at, notes, other_names, overrides
);
INSERT INTO "exams" VALUES(1,'S-ARCHIVED','S-ARCHIVED','archived','${t:-86400}','${t:-86398}',NULL,NULL,0,NULL,'${session:S-ARCHIVED}','${api_url}','{"session_id":"${session:S-ARCHIVED}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-86390}","listed":[]}','[]','S-ARCHIVED_20260301_070100','${t:-86340}','[]','["notes.txt"]','[]');
INSERT INTO "exams" VALUES(2,'S-ARCHIVED-SKIPPED','S-ARCHIVED-SKIPPED','archived','${t:-80000}','${t:-79998}',NULL,NULL,0,NULL,'${session:S-ARCHIVED-SKIPPED}','${api_url}','{"session_id":"${session:S-ARCHIVED-SKIPPED}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-79990}","listed":[]}','[]','S-ARCHIVED-SKIPPED_20260301_084740','${t:-79940}','["OD2.jpg was left out."]','[]','[{"reason_code":"eye_unknown","text":"a picture of the ceiling","user":"anna","at":"${t:-79970}","name":"OD2.jpg","eye":null,"skip":true,"checksums":{"OD2.jpg":"${sha:S-ARCHIVED-SKIPPED/OD2.jpg}"},"session_id":"","resolved_at":null,"tries":{}}]');
INSERT INTO "exams" VALUES(3,'S-GONE','S-GONE','gone','${t:-70000}','${t:-69998}',NULL,NULL,0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(4,'S-COLLECTING','S-COLLECTING','collecting','${t:-5400}','${t:-5398}','{"code":"incomplete","files":[],"details":{"missing":"1 report"}}',NULL,0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(5,'S-READY','S-READY','ready','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(6,'S-IDENTIFYING','S-IDENTIFYING','identifying','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(7,'S-RESOLVING','S-RESOLVING','resolving','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(8,'S-UPLOADING','S-UPLOADING','uploading','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,'${session:S-UPLOADING}','${api_url}','{"session_id":"${session:S-UPLOADING}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-5390}","listed":[]}','[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(9,'S-DOUBT','S-DOUBT','uploading','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,'${session:S-DOUBT}','${api_url}','{"session_id":"${session:S-DOUBT}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-5390}","listed":[]}','[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(10,'S-VERIFYING','S-VERIFYING','verifying','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,'${session:S-VERIFYING}','${api_url}','{"session_id":"${session:S-VERIFYING}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-5390}","listed":[]}','[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(11,'S-ARCHIVING','S-ARCHIVING','archiving','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,'${session:S-ARCHIVING}','${api_url}','{"session_id":"${session:S-ARCHIVING}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-5390}","listed":[]}','[]','S-ARCHIVING_20260302_053100',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(12,'S-MOVED','S-MOVED','archiving','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,'${session:S-MOVED}','${api_url}','{"session_id":"${session:S-MOVED}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-5390}","listed":[]}','[]','S-MOVED_20260302_053100',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(13,'S-NO-SESSION','S-NO-SESSION','held','${t:-5400}','${t:-5398}','{"code":"no_session","files":[],"details":{}}','${t:-5340}',0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(14,'S-EYE','S-EYE','held','${t:-5400}','${t:-5398}','{"code":"eye_unknown","files":["OD.jpg"],"details":{"said":"?"}}',NULL,0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[{"reason_code":"eye_unknown","text":"I saw it","user":"anna","at":"${t:-5360}","name":"OD.jpg","eye":"left","skip":false,"checksums":{},"session_id":"","resolved_at":null,"tries":{}}]');
INSERT INTO "exams" VALUES(15,'S-EYE-BOUND','S-EYE-BOUND','collecting','${t:-5400}','${t:-5398}',NULL,NULL,0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[{"reason_code":"eye_unknown","text":"asked the photographer","user":"anna","at":"${t:-5360}","name":"OD.jpg","eye":"right","skip":false,"checksums":{"OD.jpg":"${sha:S-EYE-BOUND/OD.jpg}"},"session_id":"","resolved_at":null,"tries":{}}]');
INSERT INTO "exams" VALUES(16,'S-INCOMPLETE','S-INCOMPLETE','held','${t:-9000}','${t:-8998}','{"code":"incomplete","files":[],"details":{"missing":"1 report"}}',NULL,0,NULL,NULL,NULL,NULL,'[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(17,'S-REFUSED','S-REFUSED','held','${t:-5400}','${t:-5398}','{"code":"refused_content","files":["report.pdf"],"details":{"code":"invalid_content"}}',NULL,0,NULL,'${session:S-REFUSED}','${api_url}','{"session_id":"${session:S-REFUSED}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-5390}","listed":[]}','[]','',NULL,'[]','[]','[]');
INSERT INTO "exams" VALUES(18,'S-VANISHED','S-VANISHED','held','${t:-5400}','${t:-5398}','{"code":"vanished","files":["OD.jpg"],"details":{}}',NULL,0,NULL,'${session:S-VANISHED}','${api_url}','{"session_id":"${session:S-VANISHED}","key":"${key}","api_url":"${api_url}","already":[],"resolved_at":"${t:-5390}","listed":[]}','[]','',NULL,'[]','[]','[]');
CREATE TABLE files (
    exam_id INTEGER NOT NULL REFERENCES exams (id),
    name, size_bytes, mtime_ns, format, sha256, eye, eye_source, captured_at, captured_source, file_type, present, captured_inside, captured_inside_source, patient_id, dicom_laterality, sent, sent_sha256, sent_at, acknowledged_at, acknowledgement, attempts, note,
    PRIMARY KEY (exam_id, name)
) WITHOUT ROWID;
INSERT INTO "files" VALUES(1,'OD.jpg',${size:S-ARCHIVED/OD.jpg},${ns:-86400},'jpeg','${sha:S-ARCHIVED/OD.jpg}','right','database','${t:-86400}','file','right',1,NULL,'','','','yes','${sha:S-ARCHIVED/OD.jpg}','${t:-86380}','${t:-86379}','{"subject":"S-ARCHIVED","session_id":"${session:S-ARCHIVED}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-ARCHIVED/OD.jpg}","http_status":201,"id":"${id:S-ARCHIVED/OD.jpg}","stored_filename":"${session:S-ARCHIVED}/OD.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(1,'OS.jpg',${size:S-ARCHIVED/OS.jpg},${ns:-86400},'jpeg','${sha:S-ARCHIVED/OS.jpg}','left','database','${t:-86400}','file','left',1,NULL,'','','','yes','${sha:S-ARCHIVED/OS.jpg}','${t:-86380}','${t:-86379}','{"subject":"S-ARCHIVED","session_id":"${session:S-ARCHIVED}","file_type":"left","name":"OS.jpg","checksum":"${sha:S-ARCHIVED/OS.jpg}","http_status":201,"id":"${id:S-ARCHIVED/OS.jpg}","stored_filename":"${session:S-ARCHIVED}/OS.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(1,'report.pdf',${size:S-ARCHIVED/report.pdf},${ns:-86400},'pdf','${sha:S-ARCHIVED/report.pdf}',NULL,'','${t:-86400}','file','report',1,NULL,'','','','yes','${sha:S-ARCHIVED/report.pdf}','${t:-86380}','${t:-86379}','{"subject":"S-ARCHIVED","session_id":"${session:S-ARCHIVED}","file_type":"report","name":"report.pdf","checksum":"${sha:S-ARCHIVED/report.pdf}","http_status":201,"id":"${id:S-ARCHIVED/report.pdf}","stored_filename":"${session:S-ARCHIVED}/report.pdf","listed":false}',1,'');
INSERT INTO "files" VALUES(2,'OD.jpg',${size:S-ARCHIVED-SKIPPED/OD.jpg},${ns:-80000},'jpeg','${sha:S-ARCHIVED-SKIPPED/OD.jpg}','right','database','${t:-80000}','file','right',1,NULL,'','','','yes','${sha:S-ARCHIVED-SKIPPED/OD.jpg}','${t:-79960}','${t:-79959}','{"subject":"S-ARCHIVED-SKIPPED","session_id":"${session:S-ARCHIVED-SKIPPED}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-ARCHIVED-SKIPPED/OD.jpg}","http_status":201,"id":"${id:S-ARCHIVED-SKIPPED/OD.jpg}","stored_filename":"${session:S-ARCHIVED-SKIPPED}/OD.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(2,'OD2.jpg',${size:S-ARCHIVED-SKIPPED/OD2.jpg},${ns:-80000},'jpeg','${sha:S-ARCHIVED-SKIPPED/OD2.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','skipped','',NULL,NULL,NULL,0,'left out: a picture of the ceiling');
INSERT INTO "files" VALUES(2,'OS.jpg',${size:S-ARCHIVED-SKIPPED/OS.jpg},${ns:-80000},'jpeg','${sha:S-ARCHIVED-SKIPPED/OS.jpg}','left','database','${t:-80000}','file','left',1,NULL,'','','','yes','${sha:S-ARCHIVED-SKIPPED/OS.jpg}','${t:-79960}','${t:-79959}','{"subject":"S-ARCHIVED-SKIPPED","session_id":"${session:S-ARCHIVED-SKIPPED}","file_type":"left","name":"OS.jpg","checksum":"${sha:S-ARCHIVED-SKIPPED/OS.jpg}","http_status":201,"id":"${id:S-ARCHIVED-SKIPPED/OS.jpg}","stored_filename":"${session:S-ARCHIVED-SKIPPED}/OS.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(2,'report.pdf',${size:S-ARCHIVED-SKIPPED/report.pdf},${ns:-80000},'pdf','${sha:S-ARCHIVED-SKIPPED/report.pdf}',NULL,'','${t:-80000}','file','report',1,NULL,'','','','yes','${sha:S-ARCHIVED-SKIPPED/report.pdf}','${t:-79960}','${t:-79959}','{"subject":"S-ARCHIVED-SKIPPED","session_id":"${session:S-ARCHIVED-SKIPPED}","file_type":"report","name":"report.pdf","checksum":"${sha:S-ARCHIVED-SKIPPED/report.pdf}","http_status":201,"id":"${id:S-ARCHIVED-SKIPPED/report.pdf}","stored_filename":"${session:S-ARCHIVED-SKIPPED}/report.pdf","listed":false}',1,'');
INSERT INTO "files" VALUES(3,'OD.jpg',${size:S-GONE/OD.jpg},${ns:-70000},'jpeg','${sha:S-GONE/OD.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(3,'OS.jpg',${size:S-GONE/OS.jpg},${ns:-70000},'jpeg','${sha:S-GONE/OS.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(3,'report.pdf',${size:S-GONE/report.pdf},${ns:-70000},'pdf','${sha:S-GONE/report.pdf}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(4,'OD.jpg',${size:S-COLLECTING/OD.jpg},${ns:-5400},'jpeg','${sha:S-COLLECTING/OD.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(4,'OS.jpg',${size:S-COLLECTING/OS.jpg},${ns:-5400},'jpeg','${sha:S-COLLECTING/OS.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(5,'OD.jpg',${size:S-READY/OD.jpg},${ns:-5400},'jpeg','${sha:S-READY/OD.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(5,'OS.jpg',${size:S-READY/OS.jpg},${ns:-5400},'jpeg','${sha:S-READY/OS.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(5,'report.pdf',${size:S-READY/report.pdf},${ns:-5400},'pdf','${sha:S-READY/report.pdf}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(6,'OD.jpg',${size:S-IDENTIFYING/OD.jpg},${ns:-5400},'jpeg','${sha:S-IDENTIFYING/OD.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(6,'OS.jpg',${size:S-IDENTIFYING/OS.jpg},${ns:-5400},'jpeg','${sha:S-IDENTIFYING/OS.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(6,'report.pdf',${size:S-IDENTIFYING/report.pdf},${ns:-5400},'pdf','${sha:S-IDENTIFYING/report.pdf}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(7,'OD.jpg',${size:S-RESOLVING/OD.jpg},${ns:-5400},'jpeg','${sha:S-RESOLVING/OD.jpg}','right','database','${t:-5400}','file','right',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(7,'OS.jpg',${size:S-RESOLVING/OS.jpg},${ns:-5400},'jpeg','${sha:S-RESOLVING/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(7,'report.pdf',${size:S-RESOLVING/report.pdf},${ns:-5400},'pdf','${sha:S-RESOLVING/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(8,'OD.jpg',${size:S-UPLOADING/OD.jpg},${ns:-5400},'jpeg','${sha:S-UPLOADING/OD.jpg}','right','database','${t:-5400}','file','right',1,NULL,'','','','yes','${sha:S-UPLOADING/OD.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-UPLOADING","session_id":"${session:S-UPLOADING}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-UPLOADING/OD.jpg}","http_status":201,"id":"${id:S-UPLOADING/OD.jpg}","stored_filename":"${session:S-UPLOADING}/OD.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(8,'OS.jpg',${size:S-UPLOADING/OS.jpg},${ns:-5400},'jpeg','${sha:S-UPLOADING/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','unknown','${sha:S-UPLOADING/OS.jpg}','${t:-5370}',NULL,NULL,1,'');
INSERT INTO "files" VALUES(8,'report.pdf',${size:S-UPLOADING/report.pdf},${ns:-5400},'pdf','${sha:S-UPLOADING/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(9,'OD.jpg',${size:S-DOUBT/OD.jpg},${ns:-5400},'jpeg','${sha:S-DOUBT/OD.jpg}','right','database','${t:-5400}','file','right',1,NULL,'','','','yes','${sha:S-DOUBT/OD.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-DOUBT","session_id":"${session:S-DOUBT}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-DOUBT/OD.jpg}","http_status":201,"id":"${id:S-DOUBT/OD.jpg}","stored_filename":"${session:S-DOUBT}/OD.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(9,'OS.jpg',${size:S-DOUBT/OS.jpg},${ns:-5400},'jpeg','${sha:S-DOUBT/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','unknown','${sha:S-DOUBT/OS.jpg}','${t:-5370}',NULL,NULL,1,'');
INSERT INTO "files" VALUES(9,'report.pdf',${size:S-DOUBT/report.pdf},${ns:-5400},'pdf','${sha:S-DOUBT/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(10,'OD.jpg',${size:S-VERIFYING/OD.jpg},${ns:-5400},'jpeg','${sha:S-VERIFYING/OD.jpg}','right','database','${t:-5400}','file','right',1,NULL,'','','','yes','${sha:S-VERIFYING/OD.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-VERIFYING","session_id":"${session:S-VERIFYING}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-VERIFYING/OD.jpg}","http_status":201,"id":"${id:S-VERIFYING/OD.jpg}","stored_filename":"${session:S-VERIFYING}/OD.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(10,'OS.jpg',${size:S-VERIFYING/OS.jpg},${ns:-5400},'jpeg','${sha:S-VERIFYING/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','yes','${sha:S-VERIFYING/OS.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-VERIFYING","session_id":"${session:S-VERIFYING}","file_type":"left","name":"OS.jpg","checksum":"${sha:S-VERIFYING/OS.jpg}","http_status":201,"id":"${id:S-VERIFYING/OS.jpg}","stored_filename":"${session:S-VERIFYING}/OS.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(10,'report.pdf',${size:S-VERIFYING/report.pdf},${ns:-5400},'pdf','${sha:S-VERIFYING/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','yes','${sha:S-VERIFYING/report.pdf}','${t:-5380}','${t:-5379}','{"subject":"S-VERIFYING","session_id":"${session:S-VERIFYING}","file_type":"report","name":"report.pdf","checksum":"${sha:S-VERIFYING/report.pdf}","http_status":201,"id":"${id:S-VERIFYING/report.pdf}","stored_filename":"${session:S-VERIFYING}/report.pdf","listed":false}',1,'');
INSERT INTO "files" VALUES(11,'OD.jpg',${size:S-ARCHIVING/OD.jpg},${ns:-5400},'jpeg','${sha:S-ARCHIVING/OD.jpg}','right','database','${t:-5400}','file','right',1,NULL,'','','','yes','${sha:S-ARCHIVING/OD.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-ARCHIVING","session_id":"${session:S-ARCHIVING}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-ARCHIVING/OD.jpg}","http_status":201,"id":"${id:S-ARCHIVING/OD.jpg}","stored_filename":"${session:S-ARCHIVING}/OD.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(11,'OS.jpg',${size:S-ARCHIVING/OS.jpg},${ns:-5400},'jpeg','${sha:S-ARCHIVING/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','yes','${sha:S-ARCHIVING/OS.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-ARCHIVING","session_id":"${session:S-ARCHIVING}","file_type":"left","name":"OS.jpg","checksum":"${sha:S-ARCHIVING/OS.jpg}","http_status":201,"id":"${id:S-ARCHIVING/OS.jpg}","stored_filename":"${session:S-ARCHIVING}/OS.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(11,'report.pdf',${size:S-ARCHIVING/report.pdf},${ns:-5400},'pdf','${sha:S-ARCHIVING/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','yes','${sha:S-ARCHIVING/report.pdf}','${t:-5380}','${t:-5379}','{"subject":"S-ARCHIVING","session_id":"${session:S-ARCHIVING}","file_type":"report","name":"report.pdf","checksum":"${sha:S-ARCHIVING/report.pdf}","http_status":201,"id":"${id:S-ARCHIVING/report.pdf}","stored_filename":"${session:S-ARCHIVING}/report.pdf","listed":false}',1,'');
INSERT INTO "files" VALUES(12,'OD.jpg',${size:S-MOVED/OD.jpg},${ns:-5400},'jpeg','${sha:S-MOVED/OD.jpg}','right','database','${t:-5400}','file','right',1,NULL,'','','','yes','${sha:S-MOVED/OD.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-MOVED","session_id":"${session:S-MOVED}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-MOVED/OD.jpg}","http_status":201,"id":"${id:S-MOVED/OD.jpg}","stored_filename":"${session:S-MOVED}/OD.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(12,'OS.jpg',${size:S-MOVED/OS.jpg},${ns:-5400},'jpeg','${sha:S-MOVED/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','yes','${sha:S-MOVED/OS.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-MOVED","session_id":"${session:S-MOVED}","file_type":"left","name":"OS.jpg","checksum":"${sha:S-MOVED/OS.jpg}","http_status":201,"id":"${id:S-MOVED/OS.jpg}","stored_filename":"${session:S-MOVED}/OS.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(12,'report.pdf',${size:S-MOVED/report.pdf},${ns:-5400},'pdf','${sha:S-MOVED/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','yes','${sha:S-MOVED/report.pdf}','${t:-5380}','${t:-5379}','{"subject":"S-MOVED","session_id":"${session:S-MOVED}","file_type":"report","name":"report.pdf","checksum":"${sha:S-MOVED/report.pdf}","http_status":201,"id":"${id:S-MOVED/report.pdf}","stored_filename":"${session:S-MOVED}/report.pdf","listed":false}',1,'');
INSERT INTO "files" VALUES(13,'OD.jpg',${size:S-NO-SESSION/OD.jpg},${ns:-5400},'jpeg','${sha:S-NO-SESSION/OD.jpg}','right','database','${t:-5400}','file','right',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(13,'OS.jpg',${size:S-NO-SESSION/OS.jpg},${ns:-5400},'jpeg','${sha:S-NO-SESSION/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(13,'report.pdf',${size:S-NO-SESSION/report.pdf},${ns:-5400},'pdf','${sha:S-NO-SESSION/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(14,'OD.jpg',${size:S-EYE/OD.jpg},${ns:-5400},'jpeg','${sha:S-EYE/OD.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(14,'OS.jpg',${size:S-EYE/OS.jpg},${ns:-5400},'jpeg','${sha:S-EYE/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(14,'report.pdf',${size:S-EYE/report.pdf},${ns:-5400},'pdf','${sha:S-EYE/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(15,'OD.jpg',${size:S-EYE-BOUND/OD.jpg},${ns:-5400},'jpeg','${sha:S-EYE-BOUND/OD.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(15,'OS.jpg',${size:S-EYE-BOUND/OS.jpg},${ns:-5400},'jpeg','${sha:S-EYE-BOUND/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(15,'report.pdf',${size:S-EYE-BOUND/report.pdf},${ns:-5400},'pdf','${sha:S-EYE-BOUND/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(16,'OD.jpg',${size:S-INCOMPLETE/OD.jpg},${ns:-9000},'jpeg','${sha:S-INCOMPLETE/OD.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(16,'OS.jpg',${size:S-INCOMPLETE/OS.jpg},${ns:-9000},'jpeg','${sha:S-INCOMPLETE/OS.jpg}',NULL,'',NULL,'',NULL,1,NULL,'','','','no','',NULL,NULL,NULL,0,'');
INSERT INTO "files" VALUES(17,'OD.jpg',${size:S-REFUSED/OD.jpg},${ns:-5400},'jpeg','${sha:S-REFUSED/OD.jpg}','right','database','${t:-5400}','file','right',1,NULL,'','','','yes','${sha:S-REFUSED/OD.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-REFUSED","session_id":"${session:S-REFUSED}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-REFUSED/OD.jpg}","http_status":201,"id":"${id:S-REFUSED/OD.jpg}","stored_filename":"${session:S-REFUSED}/OD.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(17,'OS.jpg',${size:S-REFUSED/OS.jpg},${ns:-5400},'jpeg','${sha:S-REFUSED/OS.jpg}','left','database','${t:-5400}','file','left',1,NULL,'','','','yes','${sha:S-REFUSED/OS.jpg}','${t:-5375}','${t:-5374}','{"subject":"S-REFUSED","session_id":"${session:S-REFUSED}","file_type":"left","name":"OS.jpg","checksum":"${sha:S-REFUSED/OS.jpg}","http_status":201,"id":"${id:S-REFUSED/OS.jpg}","stored_filename":"${session:S-REFUSED}/OS.jpg","listed":false}',1,'');
INSERT INTO "files" VALUES(17,'report.pdf',${size:S-REFUSED/report.pdf},${ns:-5400},'pdf','${sha:S-REFUSED/report.pdf}',NULL,'','${t:-5400}','file','report',1,NULL,'','','','refused','${sha:S-REFUSED/report.pdf}','${t:-5370}',NULL,NULL,1,'');
INSERT INTO "files" VALUES(18,'OD.jpg',${size:S-VANISHED/OD.jpg},${ns:-5400},'jpeg','${sha:S-VANISHED/OD.jpg}','right','database','${t:-5400}','file','right',0,NULL,'','','','yes','${sha:S-VANISHED/OD.jpg}','${t:-5380}','${t:-5379}','{"subject":"S-VANISHED","session_id":"${session:S-VANISHED}","file_type":"right","name":"OD.jpg","checksum":"${sha:S-VANISHED/OD.jpg}","http_status":201,"id":"${id:S-VANISHED/OD.jpg}","stored_filename":"${session:S-VANISHED}/OD.jpg","listed":false}',1,'');
CREATE TABLE messages (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, body TEXT NOT NULL);
INSERT INTO "messages" VALUES(1,'webhook','{"version": 1, "event": "trouble", "subject": "S-INCOMPLETE", "reason_code": "incomplete", "reason": "The exam is not complete: 1 report is missing.", "next_step": "Take it.", "since": "x", "at": "x", "machine": "pc", "device_id": "fundus-1", "text": "x"}');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('watch_dir','${watch_dir}');
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    exam_id INTEGER NOT NULL REFERENCES exams (id),
    folder TEXT NOT NULL,
    wish TEXT NOT NULL,
    user TEXT NOT NULL,
    at TEXT NOT NULL,
    text TEXT NOT NULL,
    overrides TEXT NOT NULL,
    done_at TEXT,
    outcome TEXT NOT NULL DEFAULT ''
);
INSERT INTO "requests" VALUES(1,2,'S-ARCHIVED-SKIPPED','release','anna','${t:-79970}','a picture of the ceiling','[{"reason_code":"eye_unknown","text":"a picture of the ceiling","user":"anna","at":"${t:-79970}","name":"OD2.jpg","eye":null,"skip":true,"checksums":{"OD2.jpg":"${sha:S-ARCHIVED-SKIPPED/OD2.jpg}"},"session_id":"","resolved_at":null,"tries":{}}]','${t:-79969}','it is looked at again now');
INSERT INTO "requests" VALUES(2,13,'S-NO-SESSION','retry','ben','${t:-600}','','[]',NULL,'');
INSERT INTO "requests" VALUES(3,16,'S-INCOMPLETE','release','ben','${t:-500}','only these two were taken','[{"reason_code":"incomplete","text":"only these two were taken","user":"ben","at":"${t:-500}","name":"","eye":null,"skip":false,"checksums":{"OD.jpg":"${sha:S-INCOMPLETE/OD.jpg}","OS.jpg":"${sha:S-INCOMPLETE/OS.jpg}"},"session_id":"","resolved_at":null,"tries":{}}]',NULL,'');
CREATE TABLE troubles (key TEXT PRIMARY KEY, told TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "troubles" VALUES('exam 16','{"trouble": {"key": "exam 16", "subject": "S-INCOMPLETE", "code": "incomplete", "sentence": "The exam is not complete: 1 report is missing.", "next_step": "Take it."}, "since": "${t:-5400}", "told": {"key": "exam 16", "subject": "S-INCOMPLETE", "code": "incomplete", "sentence": "The exam is not complete: 1 report is missing.", "next_step": "Take it."}}');
CREATE INDEX open_requests ON requests (id) WHERE done_at IS NULL;
CREATE INDEX open_exams ON exams (state) WHERE state NOT IN ('archived', 'gone');
CREATE INDEX exams_by_subject ON exams (subject, archived_at);
CREATE INDEX exams_by_session ON exams (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX exams_by_archiving ON exams (archived_at) WHERE archived_at IS NOT NULL;
CREATE INDEX exams_gone ON exams (first_seen) WHERE state = 'gone';
CREATE INDEX files_by_content ON files (sent_sha256) WHERE sent_sha256 <> '';
CREATE INDEX events_by_exam ON events (exam_id);
COMMIT;

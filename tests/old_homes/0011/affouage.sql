BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0011');
CREATE TABLE allowance_hold (
	request_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	workshop VARCHAR NOT NULL, 
	energy_uj BIGINT NOT NULL, 
	PRIMARY KEY (request_id)
);
CREATE TABLE api_key (
	id VARCHAR NOT NULL, 
	secret_sha256 BLOB NOT NULL, 
	member_id VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	scopes VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER, 
	revoked_ms INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id)
);
INSERT INTO "api_key" VALUES('hq8ftvr3dvgk',X'7417D084F8DE98D8552D5626F1550FB715F142C7E6A05CDC34844780A92697CB','9vz2f9t44vpf','tests','inference receipts',1795959614915,NULL,NULL);
INSERT INTO "api_key" VALUES('mfk5pvmy9gnu',X'8614852BD25A06A10B1664AC48941402BB8E3C646FE19E9987840D30F2F64732','z4jkik7gkzmc','tests','inference receipts',1795959620016,NULL,NULL);
INSERT INTO "api_key" VALUES('p7ncjau3aie6',X'264E4003BBBEEA853424B549BFCD3F9E94430C4B28ED8488B803C45E3ADE416C','rmencwradsmh','tests','inference receipts',1795959623054,NULL,NULL);
CREATE TABLE assembly_event (
	seq INTEGER NOT NULL, 
	at_ms INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	leaf_seq INTEGER, 
	PRIMARY KEY (seq)
);
INSERT INTO "assembly_event" VALUES(1,1795959633002,'founded','{"preset":"tests","areas":["budget","governance"]}',3);
INSERT INTO "assembly_event" VALUES(2,1795959633002,'mandate_granted','{"id":1,"member_id":"9vz2f9t44vpf","scope":"operator","from_ms":1795959633002,"until_ms":1890567633002,"proposal_id":null}',4);
INSERT INTO "assembly_event" VALUES(3,1795959633740,'drafted','{"id":1,"author":"z4jkik7gkzmc","title":"Fermer la nuit","reason":"Que tout dorme.","about":{"subject":"rule","area":"hours","base_version":0,"patch":{"set":{"closed_from":"23:00","closed_until":"06:00"},"remove":[]},"repeals":null},"profile":"ordinary","effective_ms":null}',5);
INSERT INTO "assembly_event" VALUES(4,1795959633740,'submitted','{"id":1}',6);
INSERT INTO "assembly_event" VALUES(5,1795959633740,'advanced','{"id":1,"to":"deliberation","cause":"supported","text_sha256":null,"text":null}',7);
INSERT INTO "assembly_event" VALUES(6,1795959633740,'advanced','{"id":1,"to":"frozen","cause":"deliberated","text_sha256":"e1ecdc8aedb9380b22a1546fc1e92cd3727ae3e7cec01f91922df254da1cae01","text":{"about":{"area":"hours","base_version":0,"patch":{"remove":[],"set":{"closed_from":"23:00","closed_until":"06:00"}},"repeals":null,"subject":"rule"},"effective_ms":null,"proposal":1,"reason":"Que tout dorme.","title":"Fermer la nuit"}}',8);
INSERT INTO "assembly_event" VALUES(7,1795959633740,'poll_opened','{"id":1,"proposals":[1],"method":"majority","options":["for","against","abstain"],"profile":{"method":"majority","threshold":"1/2","quorum_percent":50,"quorum_base":"members","cosigners":0,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":0,"second_after_min":0,"secrecy":"open"},"governance_version":1,"electors":{"":4},"electorate_sha256":"e28912446abaf8311839c2ba109bbfdb154106c0a7c140774c4ba5ba1bff87e3","opens_ms":1795959633740,"closes_ms":1795963233740,"secrecy":"open","round":1,"quorum_percent":50,"colleges":{}}',9);
INSERT INTO "assembly_event" VALUES(8,1795959635545,'poll_closed','{"id":1,"outcome":"adopted","winner":null,"count":{"abstained":0,"ballots":4,"colleges":[],"electors":4,"expressed":4,"merits":[],"method":"majority","outcome":"adopted","quorum":{"base":"members","counted":4,"needed":2,"percent":50,"reached":true},"ranking":[],"share":"1/1","steps":[{"code":"electors","facts":{"abstained":0,"ballots":4,"electors":4}},{"code":"quorum_reached","facts":{"base":"members","counted":4,"needed":2,"percent":50}},{"code":"share","facts":{"method":"majority","share":"1/1","threshold":"1/2"}},{"code":"adopted","facts":{}}],"totals":{"against":0,"for":4},"winner":null},"ballots_sha256":"3fff6c0ae19ddb40cdde5738ce84ee335112a1e5a5565a6063ed474ffa2ff438","ballots":null,"belenios":null}',14);
INSERT INTO "assembly_event" VALUES(9,1795959635545,'advanced','{"id":1,"to":"adopted","cause":"adopted","text_sha256":null,"text":null}',15);
INSERT INTO "assembly_event" VALUES(10,1795959635545,'enacted','{"id":1,"area":"hours","version":1,"in_force_ms":1795959635545,"content_sha256":"e53f8e6ad658393e2e3000583eb431c0c09cb0c68d5db7c2db4fddc72e4f2576"}',17);
INSERT INTO "assembly_event" VALUES(11,1795959635545,'advanced','{"id":1,"to":"in_force","cause":"its_day","text_sha256":null,"text":null}',18);
CREATE TABLE blind_cost (
	model_id VARCHAR NOT NULL, 
	answers INTEGER NOT NULL, 
	low_uj INTEGER NOT NULL, 
	central_uj INTEGER NOT NULL, 
	high_uj INTEGER NOT NULL, 
	unknown INTEGER NOT NULL, 
	PRIMARY KEY (model_id)
)
 WITHOUT ROWID

;
CREATE TABLE blind_pair (
	id VARCHAR NOT NULL, 
	month VARCHAR NOT NULL, 
	left_model VARCHAR NOT NULL, 
	right_model VARCHAR NOT NULL, 
	preferred VARCHAR NOT NULL, 
	kept VARCHAR NOT NULL, 
	cheaper VARCHAR NOT NULL, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID

;
CREATE TABLE calibration (
	machine_id VARCHAR NOT NULL, 
	model_id VARCHAR NOT NULL, 
	at_ms INTEGER NOT NULL, 
	meter_id VARCHAR NOT NULL, 
	idle_uw BIGINT, 
	kappa FLOAT, 
	decode_ms FLOAT, 
	PRIMARY KEY (machine_id, model_id, at_ms)
);
CREATE TABLE closed_period (
	period VARCHAR NOT NULL, 
	entry_seq INTEGER NOT NULL, 
	figures TEXT NOT NULL, 
	shares TEXT, 
	salt BLOB, 
	PRIMARY KEY (period)
);
CREATE TABLE conversation (
	id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id)
);
INSERT INTO "conversation" VALUES('8u8fckzn89jg','sijreypxk2gr','Combien de stères par foyer ?',1795959632572,1798551632572);
CREATE TABLE desk_count (
	month VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	PRIMARY KEY (month, name)
);
CREATE TABLE desk_draft (
	item_id VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	found TEXT, 
	draft TEXT, 
	problem VARCHAR NOT NULL, 
	tries INTEGER NOT NULL, 
	next_ms INTEGER NOT NULL, 
	PRIMARY KEY (item_id), 
	FOREIGN KEY(item_id) REFERENCES desk_item (id) ON DELETE CASCADE
);
CREATE TABLE desk_event (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	item_id VARCHAR NOT NULL, 
	seq INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	at_ms INTEGER NOT NULL, 
	actor_id VARCHAR, 
	text_sha256 VARCHAR, 
	active_ms INTEGER, 
	body TEXT NOT NULL, 
	FOREIGN KEY(item_id) REFERENCES desk_item (id) ON DELETE CASCADE, 
	FOREIGN KEY(actor_id) REFERENCES member (id), 
	CONSTRAINT desk_event_in_order UNIQUE (item_id, seq), 
	CONSTRAINT desk_event_reviewed UNIQUE (item_id, seq, kind, text_sha256), 
	CONSTRAINT desk_event_has_reviewer CHECK (kind NOT IN ('sent_as_is', 'sent_edited', 'sent_own', 'referred', 'refused', 'corrected', 'maintained') OR (actor_id IS NOT NULL AND text_sha256 IS NOT NULL))
);
CREATE TABLE desk_focus (
	item_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	active_ms INTEGER NOT NULL, 
	beat_ms INTEGER NOT NULL, 
	PRIMARY KEY (item_id, member_id), 
	FOREIGN KEY(item_id) REFERENCES desk_item (id) ON DELETE CASCADE
);
CREATE TABLE desk_item (
	id VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	touched_ms INTEGER NOT NULL, 
	origin VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	question TEXT NOT NULL, 
	masked TEXT NOT NULL, 
	contact TEXT NOT NULL, 
	code_sha256 BLOB, 
	arm VARCHAR NOT NULL, 
	arm_percent INTEGER NOT NULL, 
	rule VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	holder_id VARCHAR, 
	held_ms INTEGER, 
	to_call INTEGER NOT NULL, 
	errors INTEGER NOT NULL, 
	flags TEXT NOT NULL, 
	written TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (code_sha256)
);
CREATE TABLE desk_sent (
	item_id VARCHAR NOT NULL, 
	review_seq INTEGER NOT NULL, 
	review_kind VARCHAR NOT NULL, 
	text_sha256 VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	PRIMARY KEY (item_id, review_seq), 
	CONSTRAINT desk_sent_was_reviewed FOREIGN KEY(item_id, review_seq, review_kind, text_sha256) REFERENCES desk_event (item_id, seq, kind, text_sha256) ON DELETE CASCADE, 
	CONSTRAINT desk_sent_is_reviewed CHECK (review_kind IN ('sent_as_is', 'sent_edited', 'sent_own', 'referred', 'refused', 'corrected', 'maintained')), 
	CONSTRAINT desk_sent_has_digest CHECK (length(text_sha256) = 64)
);
CREATE TABLE desk_switch (
	number INTEGER NOT NULL, 
	at_ms INTEGER NOT NULL, 
	stopped INTEGER NOT NULL, 
	"by" VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE detached_ballot (
	poll_id INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	college VARCHAR NOT NULL, 
	choice TEXT NOT NULL, 
	PRIMARY KEY (poll_id, id)
)
 WITHOUT ROWID

;
CREATE TABLE elector (
	poll_id INTEGER NOT NULL, 
	member_id VARCHAR NOT NULL, 
	college VARCHAR NOT NULL, 
	PRIMARY KEY (poll_id, member_id)
);
INSERT INTO "elector" VALUES(1,'9vz2f9t44vpf','');
INSERT INTO "elector" VALUES(1,'rmencwradsmh','');
INSERT INTO "elector" VALUES(1,'sijreypxk2gr','');
INSERT INTO "elector" VALUES(1,'z4jkik7gkzmc','');
CREATE TABLE evaluation (
	id VARCHAR NOT NULL, 
	made_ms INTEGER NOT NULL, 
	accepted INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE invitation (
	id VARCHAR NOT NULL, 
	secret_sha256 BLOB NOT NULL, 
	role VARCHAR NOT NULL, 
	member_id VARCHAR, 
	created_by VARCHAR, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	used_ms INTEGER, 
	revoked_ms INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id), 
	UNIQUE (secret_sha256)
);
INSERT INTO "invitation" VALUES('ufcrnfesgiqh',X'26BE0085E5680271D880F5E67759553B15966835B04540722D41E8D1033BEC64','operator','9vz2f9t44vpf',NULL,1795959614763,1796564414763,NULL,NULL);
INSERT INTO "invitation" VALUES('npm9vh5qkwp8',X'E51D786C75073DCC45FA145441FF86A45F557FEE5BF2E1248AD4A9428F83C1EB','member','z4jkik7gkzmc',NULL,1795959619949,1796564419949,NULL,NULL);
INSERT INTO "invitation" VALUES('nhcjjajix784',X'B9A39FD132BC4DE40C8AC97CFDF9A9E6CE3AD9D2A5ECF741E6EC8E1C731E0911','member','rmencwradsmh',NULL,1795959623005,1796564423005,NULL,NULL);
INSERT INTO "invitation" VALUES('63spx6vhjs4x',X'035047AF0A0E9269C099BFDBD85295E95DD7DE4CAB8AC4E61AE4A7B6F210D05A','member',NULL,NULL,1795959627290,1796564427290,1795959629463,NULL);
CREATE TABLE journal_checkpoint (
	size INTEGER NOT NULL, 
	root BLOB NOT NULL, 
	note TEXT NOT NULL, 
	created_ms INTEGER NOT NULL, 
	PRIMARY KEY (size)
);
INSERT INTO "journal_checkpoint" VALUES(1,X'DE9C85CE7EFC5361E5D2800A9753CECC2F6FFFF48B7559ADBD8998C9FA9DFB41','affouage.log/v6ycf5vb7juvwzmz
1
3pyFzn78U2Hl0oAKl1POzC9v//SLdVmtvYmYyfqd+0E=

— affouage.log/v6ycf5vb7juvwzmz 5pRTQTSRsMFxazWGEzvonp+34GIMrYHdODHuSwAHOfE8dNVIwT/NQWbX9LckAIoKISziTpSGVFVUgKZwsZTGjflc/go=
— affouage.log/v6ycf5vb7juvwzmz N+uoYgAAAABrDCs+ZSAa608weWGV3D6PQiqUQ0L5DfqXr1a3/CjsaA0rKaWwp9aaKpJpPRSPPWIcYKwc2zIpKR5h21WvNzL/Gm2uAA==
',1795959614000);
CREATE TABLE journal_leaf (
	seq INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	leaf_hash BLOB NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "journal_leaf" VALUES(0,'log_key',1795959614749,'{"at_ms":1795959614749,"kind":"log_key","public":{"key":"affouage.log/v6ycf5vb7juvwzmz+e6945341+AaXiT7a1qbzmi7JuJsalK0zeeKdGdjeAXo5DMCwrtLl3"},"seq":0,"v":1}',X'DE9C85CE7EFC5361E5D2800A9753CECC2F6FFFF48B7559ADBD8998C9FA9DFB41');
INSERT INTO "journal_leaf" VALUES(1,'rule',1795959633002,'{"at_ms":1795959633002,"commitment":"cbad53703847a755fa218d0f7d2e31a61cd4c8a01dcc2f86bfc1119e47ef3dd8","kind":"rule","public":{"area":"governance","content_sha256":"954671ed2b1a79d68cc8fcc3f149184887ae5f0cbfb3a67f643a4c412cad657e","in_force_ms":1795959633002,"rule":{"close_early":true,"colleges":{},"consent_most_members":15,"contest_members":3,"emergency_days":14,"entrenched":{"contest_min":0,"cosigners":1,"deliberation_min":0,"method":"supermajority","notice_min":0,"quorum_base":"members","quorum_percent":50,"second_after_min":0,"second_quorum_percent":33,"secrecy":"open","threshold":"2/3","voting_min":60},"ordinary":{"contest_min":0,"cosigners":0,"deliberation_min":0,"method":"majority","notice_min":0,"quorum_base":"members","quorum_percent":50,"second_after_min":0,"second_quorum_percent":0,"secrecy":"open","threshold":"1/2","voting_min":60},"persons":{"contest_min":0,"cosigners":0,"deliberation_min":0,"method":"majority","notice_min":0,"quorum_base":"members","quorum_percent":50,"second_after_min":0,"second_quorum_percent":0,"secrecy":"detached","threshold":"1/2","voting_min":60},"proxies_most":2,"reinforced":{"contest_min":0,"cosigners":0,"deliberation_min":0,"method":"supermajority","notice_min":0,"quorum_base":"members","quorum_percent":50,"second_after_min":0,"second_quorum_percent":25,"secrecy":"open","threshold":"2/3","voting_min":60},"support_days":30},"version":1,"warrant":{"kind":"seed","proposal_id":null}},"seq":1,"v":1}',X'0B9A3CAAB63046C611024A2A62375A1A5405C01BE8EA2EB71ADB97FB5703EBC2');
INSERT INTO "journal_leaf" VALUES(2,'rule',1795959633002,'{"at_ms":1795959633002,"commitment":"3ed2b76b63c77b6dab0c1b54d3209b71726ef8ec35cc0d5aba44ebf4191c1222","kind":"rule","public":{"area":"budget","content_sha256":"771855ff8bc3eac009e715989069b8a76cf3652d7a2bc7fc30e954142235d7bc","in_force_ms":1795959633002,"rule":{"at_full":"refuse","exempt_uses":["accessibility","emergency"],"limits":[{"amount":2,"key":"","scope":"commons","span":"day","unit":"kwh"}],"notice_percent":80,"sober_model":""},"version":1,"warrant":{"kind":"seed","proposal_id":null}},"seq":2,"v":1}',X'EB6515E45EF4CBB17A7AD622F2EB5D0CE1A1AE88DD85954924B5A3D7EE079886');
INSERT INTO "journal_leaf" VALUES(3,'assembly_founded',1795959633002,'{"at_ms":1795959633002,"kind":"assembly_founded","public":{"areas":["budget","governance"],"preset":"tests"},"seq":3,"v":1}',X'31DAEF36C92218A3F712CC1B2B2DB88D769539741B9F132D39C031902412D05D');
INSERT INTO "journal_leaf" VALUES(4,'assembly_mandate_granted',1795959633002,'{"at_ms":1795959633002,"commitment":"c44651a325127e882ab62588320a07ec56a9d2e3cda214194be1abe2bde39326","kind":"assembly_mandate_granted","public":{"from_ms":1795959633002,"id":1,"scope":"operator","until_ms":1890567633002},"seq":4,"v":1}',X'AB13783070DF286C3447E578EE6AF06AB39EECDC0B4C7B3468132B31A4E77BCE');
INSERT INTO "journal_leaf" VALUES(5,'assembly_drafted',1795959633740,'{"at_ms":1795959633740,"commitment":"2335dfbca0049e7d26bc7b17f6dd87a01185561d98299d24ccd9c727919bd912","kind":"assembly_drafted","public":{"id":1,"profile":"ordinary","subject":"rule"},"seq":5,"v":1}',X'ECA333CA9C1DE04EF52B0FFAA1F99610C029FB609733ECB2ABE66CCBB1132A5B');
INSERT INTO "journal_leaf" VALUES(6,'assembly_submitted',1795959633740,'{"at_ms":1795959633740,"kind":"assembly_submitted","public":{"id":1},"seq":6,"v":1}',X'A017D50023B3AAA6D10F5C7F184339A1EA1A507CFA8ABC7A1865706BC1024ACB');
INSERT INTO "journal_leaf" VALUES(7,'assembly_advanced',1795959633740,'{"at_ms":1795959633740,"kind":"assembly_advanced","public":{"cause":"supported","id":1,"to":"deliberation"},"seq":7,"v":1}',X'C20D300DF0F9D3465F0CE84B1BC66F68A905CF77C6122150463EA45324BBC8E5');
INSERT INTO "journal_leaf" VALUES(8,'assembly_advanced',1795959633740,'{"at_ms":1795959633740,"kind":"assembly_advanced","public":{"cause":"deliberated","id":1,"text":{"about":{"area":"hours","base_version":0,"patch":{"remove":[],"set":{"closed_from":"23:00","closed_until":"06:00"}},"repeals":null,"subject":"rule"},"effective_ms":null,"proposal":1,"reason":"Que tout dorme.","title":"Fermer la nuit"},"text_sha256":"e1ecdc8aedb9380b22a1546fc1e92cd3727ae3e7cec01f91922df254da1cae01","to":"frozen"},"seq":8,"v":1}',X'C52DA5C8E04AEE5C30C42F2A865458A8702934342ECEBFB311934F9A5534854D');
INSERT INTO "journal_leaf" VALUES(9,'assembly_poll_opened',1795959633740,'{"at_ms":1795959633740,"kind":"assembly_poll_opened","public":{"closes_ms":1795963233740,"colleges":{},"electorate_sha256":"e28912446abaf8311839c2ba109bbfdb154106c0a7c140774c4ba5ba1bff87e3","electors":{"":4},"governance_version":1,"id":1,"method":"majority","opens_ms":1795959633740,"options":["for","against","abstain"],"profile":{"contest_min":0,"cosigners":0,"deliberation_min":0,"method":"majority","notice_min":0,"quorum_base":"members","quorum_percent":50,"second_after_min":0,"second_quorum_percent":0,"secrecy":"open","threshold":"1/2","voting_min":60},"proposals":[1],"quorum_percent":50,"round":1,"secrecy":"open"},"seq":9,"v":1}',X'4F32AE7291BB2F33DCD951AA257DB79284D02696AD84BDAA6EB091212B985296');
INSERT INTO "journal_leaf" VALUES(10,'ballot',1795959635545,'{"at_ms":1795959635545,"commitment":"16eb38780dffe0ede6e7d167e1d04ccdfcb61e2562c0b1b4e926d81398fd2513","kind":"ballot","public":{"poll":1},"seq":10,"v":1}',X'3EA07B2DD5EB2B0F10D65FCD0AC6529D91B01CE41DE25A569DC978F8D355C249');
INSERT INTO "journal_leaf" VALUES(11,'ballot',1795959635545,'{"at_ms":1795959635545,"commitment":"d76796bdd70924fe9708bebbeeabaad8a6cbc611edf696c024cb8d3fc0bb525a","kind":"ballot","public":{"poll":1},"seq":11,"v":1}',X'F1874ECA86DDA8AE6E56E8FFCB7CC13AB312FF69EC7935BC18501D5DBA11D593');
INSERT INTO "journal_leaf" VALUES(12,'ballot',1795959635545,'{"at_ms":1795959635545,"commitment":"1076afb9df587f5105c5a141ed92f4988c3d6eabec03b09c71b77c70ef2b1d0c","kind":"ballot","public":{"poll":1},"seq":12,"v":1}',X'B00687E18530975647F6276DDADD21B13AC1179B282DCB96AF83596BC6CF63BA');
INSERT INTO "journal_leaf" VALUES(13,'ballot',1795959635545,'{"at_ms":1795959635545,"commitment":"c9e1c7d1697c528cfaed28139b1b8da2cf0debe113b6939f425d8d522dab63a2","kind":"ballot","public":{"poll":1},"seq":13,"v":1}',X'C9B7E80433546C19E6611623E9498E514211D953CA9637A0F9A90E8469B74926');
INSERT INTO "journal_leaf" VALUES(14,'assembly_poll_closed',1795959635545,'{"at_ms":1795959635545,"kind":"assembly_poll_closed","public":{"ballots_sha256":"3fff6c0ae19ddb40cdde5738ce84ee335112a1e5a5565a6063ed474ffa2ff438","count":{"abstained":0,"ballots":4,"colleges":[],"electors":4,"expressed":4,"merits":[],"method":"majority","outcome":"adopted","quorum":{"base":"members","counted":4,"needed":2,"percent":50,"reached":true},"ranking":[],"share":"1/1","steps":[{"code":"electors","facts":{"abstained":0,"ballots":4,"electors":4}},{"code":"quorum_reached","facts":{"base":"members","counted":4,"needed":2,"percent":50}},{"code":"share","facts":{"method":"majority","share":"1/1","threshold":"1/2"}},{"code":"adopted","facts":{}}],"totals":{"against":0,"for":4},"winner":null},"id":1,"outcome":"adopted"},"seq":14,"v":1}',X'23AD83F7839DB9C12AE21C383A1A4DFC7D5CCF455E0A9644C54E447EE42DFD07');
INSERT INTO "journal_leaf" VALUES(15,'assembly_advanced',1795959635545,'{"at_ms":1795959635545,"kind":"assembly_advanced","public":{"cause":"adopted","id":1,"to":"adopted"},"seq":15,"v":1}',X'99AA68AB76268A633C34F801DF1368F2D1C005AFEBC537C85DAC851DCEE6A665');
INSERT INTO "journal_leaf" VALUES(16,'rule',1795959635545,'{"at_ms":1795959635545,"commitment":"a1309ff9ced5d30313bf20ce692dee011e62d338a5c87d446249bdfd8a0bd666","kind":"rule","public":{"area":"hours","content_sha256":"e53f8e6ad658393e2e3000583eb431c0c09cb0c68d5db7c2db4fddc72e4f2576","in_force_ms":1795959635545,"rule":{"closed_from":"23:00","closed_until":"06:00"},"version":1,"warrant":{"kind":"proposal","proposal_id":1}},"seq":16,"v":1}',X'60FA80AA265C78D138F1CF5F0804D79781F6EEAF4A61FAA2A0EEDF8DB252B627');
INSERT INTO "journal_leaf" VALUES(17,'assembly_enacted',1795959635545,'{"at_ms":1795959635545,"kind":"assembly_enacted","public":{"area":"hours","content_sha256":"e53f8e6ad658393e2e3000583eb431c0c09cb0c68d5db7c2db4fddc72e4f2576","id":1,"in_force_ms":1795959635545,"version":1},"seq":17,"v":1}',X'C4388EB2CF92AF0822672FA3AB81D10C79AF8DBE50E7D91D6F234AE0F3D4CBAE');
INSERT INTO "journal_leaf" VALUES(18,'assembly_advanced',1795959635545,'{"at_ms":1795959635545,"kind":"assembly_advanced","public":{"cause":"its_day","id":1,"to":"in_force"},"seq":18,"v":1}',X'9EF3974B48F7EC9983BE61D6BF8C1EF0C7130D2359BF307E798DBB12822C31A5');
CREATE TABLE journal_node (
	level INTEGER NOT NULL, 
	idx INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (level, idx)
);
INSERT INTO "journal_node" VALUES(1,0,X'B3ABCCDA4E01CD8F7C83F2CEEC9D918F35D0D119C2469AC91BCFFFEA9E264887');
INSERT INTO "journal_node" VALUES(1,1,X'47C4F3BE182DF493C17399F730B2AC5BDF848847B3F937F7C83CBFF504B1F950');
INSERT INTO "journal_node" VALUES(2,0,X'98FFC8B13224DD17FE8E2F6DBB6B14A9E543BD0E5AB049813B2DCFCE311DCD28');
INSERT INTO "journal_node" VALUES(1,2,X'389B1E974F6D83C4EEA41D9F218169449B231FAF80475F353DEB6F30BC152C70');
INSERT INTO "journal_node" VALUES(1,3,X'E7CC5CF2D343FC969C82F977BC8BEC2E9EE53EF7FAD3499110C056C8F2E9B82C');
INSERT INTO "journal_node" VALUES(2,1,X'A08BC6A0189DFE8920EB2D557E3F74202DCC2D59B3318153644D9D4E36504AEF');
INSERT INTO "journal_node" VALUES(3,0,X'B3755CFCC42C7B6A64A269DA54F483DBE6D91722C2E1930D77909C4F9202DB42');
INSERT INTO "journal_node" VALUES(1,4,X'CC6A57039799439643BC1386FD391B15DBBA7228E0008571ACAC52FA71AC6246');
INSERT INTO "journal_node" VALUES(1,5,X'F1CEEE55CDFF715842B366AF4999A26DD19890B6859F1F6ACBFF6EB3656857E8');
INSERT INTO "journal_node" VALUES(2,2,X'312DB760FC563DE770B1DAE33FB45D9A8A12CE160CDBD76DE99AC192DB455F3C');
INSERT INTO "journal_node" VALUES(1,6,X'C8A4FA522A7D5FDDCA2B19404E55F8776FB38F16BEE2AA9DDBC5C55515AB22AB');
INSERT INTO "journal_node" VALUES(1,7,X'C7921B3BB5F6891BA7B0F6BC6858B6A045BEF6D47DAC44A58E65C9F2CEF93E3C');
INSERT INTO "journal_node" VALUES(2,3,X'D0B02B6A5B27B29B809F90392EB0399BDE7A15B4D3796F63737820BE5D206A19');
INSERT INTO "journal_node" VALUES(3,1,X'BBFF353B7D96743674566C933DA31FB15A0E99032C675EAD0C715BA2451C39D8');
INSERT INTO "journal_node" VALUES(4,0,X'73B833A1A7904984AA9B7D5C5C37CE0104CD6BFAC25F306F7A723205317383E8');
INSERT INTO "journal_node" VALUES(1,8,X'ED6CA3AE0A1BA41F3ADF3A3830ADF871FFC9BE919807A7BFDAEB0E9DABDF06F9');
CREATE TABLE journal_person (
	seq INTEGER NOT NULL, 
	member_id VARCHAR NOT NULL, 
	PRIMARY KEY (seq, member_id)
);
INSERT INTO "journal_person" VALUES(4,'9vz2f9t44vpf');
INSERT INTO "journal_person" VALUES(5,'z4jkik7gkzmc');
INSERT INTO "journal_person" VALUES(10,'9vz2f9t44vpf');
INSERT INTO "journal_person" VALUES(11,'rmencwradsmh');
INSERT INTO "journal_person" VALUES(12,'sijreypxk2gr');
INSERT INTO "journal_person" VALUES(13,'z4jkik7gkzmc');
CREATE TABLE journal_record (
	seq INTEGER NOT NULL, 
	salt BLOB NOT NULL, 
	record TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "journal_record" VALUES(1,X'CB2D26CC5D0312F62730A07BE26BF74DB651C413615C1E6628BBB332E31B64CD','{"persons":[],"private":{"decided_by":"founding:tests","reason":"Founding"}}');
INSERT INTO "journal_record" VALUES(2,X'DAFB0E43EEE06B5C4E2911D5E36F94862B07C282A84C96E526F2293033801C8C','{"persons":[],"private":{"decided_by":"founding:tests","reason":"Founding"}}');
INSERT INTO "journal_record" VALUES(4,X'5FE0FB77EFE787829410CBD38DE64C4E9C22345AE58372272BE17016CA2A43DC','{"persons":["9vz2f9t44vpf"],"private":{"member_id":"9vz2f9t44vpf"}}');
INSERT INTO "journal_record" VALUES(5,X'5671B061BEF27D39AB2AA3E402A483CA9A044D6B3DE60C3B50FF71EE8EF49E21','{"persons":["z4jkik7gkzmc"],"private":{"about":{"area":"hours","base_version":0,"patch":{"remove":[],"set":{"closed_from":"23:00","closed_until":"06:00"}},"repeals":null,"subject":"rule"},"author":"z4jkik7gkzmc","reason":"Que tout dorme.","title":"Fermer la nuit"}}');
INSERT INTO "journal_record" VALUES(10,X'9B6AB20097093BD6C48F607CC863E67E5E974C39B394BEA9D41C8BE230A3BD00','{"persons":["9vz2f9t44vpf"],"private":{"choice":"for","reason":"","voter":"9vz2f9t44vpf"}}');
INSERT INTO "journal_record" VALUES(11,X'0F9514BA9658F1539CFC9E92B8569196F16E9A7598D9C071E38E4C5C6E5DA0E0','{"persons":["rmencwradsmh"],"private":{"choice":"for","reason":"","voter":"rmencwradsmh"}}');
INSERT INTO "journal_record" VALUES(12,X'9FB98FF4BF21C8C898ED881123AA0449B85946E8C77E41CC9C57E695EBFBDAF3','{"persons":["sijreypxk2gr"],"private":{"choice":"for","reason":"","voter":"sijreypxk2gr"}}');
INSERT INTO "journal_record" VALUES(13,X'9F277CE9FEC0E0AA4E118C9443CA4978B29D025EF98286AFF8E4A9124D2A1917','{"persons":["z4jkik7gkzmc"],"private":{"choice":"for","reason":"","voter":"z4jkik7gkzmc"}}');
INSERT INTO "journal_record" VALUES(16,X'76D18DFC22D98A9DDCC0E5BC4E417190390DC2DF0F036973E517F4C809E3AFC7','{"persons":[],"private":{"decided_by":"proposal 1","reason":"Fermer la nuit"}}');
CREATE TABLE journal_witness (
	name VARCHAR NOT NULL, 
	side VARCHAR NOT NULL, 
	verifier_key VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	note TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	seen_ms INTEGER, 
	problem VARCHAR NOT NULL, 
	PRIMARY KEY (name, side)
);
CREATE TABLE ledger_entry (
	seq INTEGER NOT NULL, 
	request_id VARCHAR NOT NULL, 
	attempt INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT ledger_idempotency UNIQUE (request_id, attempt, kind)
);
INSERT INTO "ledger_entry" VALUES(1,'rcp_caaa00dac38b01de71f3c779',1,'reserved','9vz2f9t44vpf',1795959616368,'{"at_ms":1795959616368,"content":{"id":"rcp_caaa00dac38b01de71f3c779","attempt":1,"member_id":"9vz2f9t44vpf","door":"api","kind":"chat","model_id":"echo","created_ms":1795959616368,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":1}',X'BB3DA2E1B5119DEB4FA8C0E852628545F34C46D96888DA0A8E53A689ED029544');
INSERT INTO "ledger_entry" VALUES(2,'blk_8ad49653bb517c7713ad',1,'block','',1795959616889,'{"at_ms":1795959616889,"content":{"id":"blk_8ad49653bb517c7713ad","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959606079,"t1_ms":1795959616889,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":638248460,"idle_uj":212107060,"unattributed_uj":13843027,"contended_uj":411037581,"parts":{"rcp_caaa00dac38b01de71f3c779":[941400,319392,47070]},"idle_us":10605353,"known_us":10652423,"gap_us":0,"flags":["contended"],"windows":2,"readings_sha256":"6ef0182a4c6893f3f5923a7e6b3f9053d02164b7291d6640d5c3923225cb6491","last":{"at_us":4024580814,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":638248460}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":2}',X'7BB9173EA8166001DEAFA4C0BF4D26281880F725BBA0B09A6ECD669865243E2D');
INSERT INTO "ledger_entry" VALUES(3,'rcp_caaa00dac38b01de71f3c779',1,'settled','9vz2f9t44vpf',1795959616889,'{"at_ms":1795959616889,"content":{"id":"rcp_caaa00dac38b01de71f3c779","attempt":1,"member_id":"9vz2f9t44vpf","door":"api","kind":"chat","created_ms":1795959616368,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":0,"decoded":6,"discarded":0},"durations":{"wait_ms":405,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":609},"energy":{"interval_uj":{"low":420264,"central":1260792,"high":2269426},"static_uj":941400,"dynamic_uj":319392,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":47070},"impacts":{"gwp_g":{"low":4.8377056e-6,"central":0.000018176418,"high":0.0000617788188888889},"water_l":{"low":1.4288976e-7,"central":1.2866032140000001e-6,"high":4.632150624444445e-6},"adpe_g_sb":{"low":2.8356146e-12,"central":1.70136876e-11,"high":6.124928615555556e-11},"primary_energy_mj":{"low":5.43628995e-7,"central":3.26177397e-6,"high":0.000011742388361666667},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"150a8370e9a0384ffe0f1d3b106ef283c3e155b5466fee86399cd47e91397ef7","rules":[],"notices":[]},"kind":"settled","seq":3}',X'ABF211582261094F2C225A9E0E512C3AD4F5B8098F60AECEBB896119F19CE02A');
INSERT INTO "ledger_entry" VALUES(4,'rcp_3f8146cded39916949e64b28',1,'reserved','9vz2f9t44vpf',1795959617997,'{"at_ms":1795959617997,"content":{"id":"rcp_3f8146cded39916949e64b28","attempt":1,"member_id":"9vz2f9t44vpf","door":"api","kind":"chat","model_id":"echo","created_ms":1795959617997,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":4}',X'DA65B1D6B86361D1AA2A43298C553B0F8D14710F209BB91FA9510EA380DDBC26');
INSERT INTO "ledger_entry" VALUES(5,'blk_1ebe0bb1fbb862ff01a7',1,'block','',1795959618432,'{"at_ms":1795959618432,"content":{"id":"blk_1ebe0bb1fbb862ff01a7","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959616889,"t1_ms":1795959618431,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":101775120,"idle_uj":27521440,"unattributed_uj":912400,"contended_uj":66318923,"parts":{"rcp_3f8146cded39916949e64b28":[6453680,568677,322684]},"idle_us":1376072,"known_us":1698756,"gap_us":0,"flags":["contended"],"windows":2,"readings_sha256":"ab20efc90405ac7a34d24e45ef27549bd6f315381df18f84d51af86d67d9c389","last":{"at_us":4026279570,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":740023580}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":5}',X'871E98AD67792768B2635181AB378DD006DCA00328D0FAF6524E5B6D1C75E277');
INSERT INTO "ledger_entry" VALUES(6,'rcp_3f8146cded39916949e64b28',1,'settled','9vz2f9t44vpf',1795959618432,'{"at_ms":1795959618432,"content":{"id":"rcp_3f8146cded39916949e64b28","attempt":1,"member_id":"9vz2f9t44vpf","door":"api","kind":"chat","created_ms":1795959617997,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":111,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":434},"energy":{"interval_uj":{"low":2340785,"central":7022357,"high":12640243},"static_uj":6453680,"dynamic_uj":568677,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":322684},"impacts":{"gwp_g":{"low":0.00002694503622222222,"central":0.00010123898008333333,"high":0.0003440955038888889},"water_l":{"low":7.958669e-7,"central":7.166120253027778e-6,"high":0.000025800140434444445},"adpe_g_sb":{"low":1.5793796569444445e-11,"central":9.476280640555555e-11,"high":3.411461138555556e-10},"primary_energy_mj":{"low":3.0279029302083334e-6,"central":0.000018167422755416666,"high":0.00006540272398916667},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"06332122bedaff7aae2ff1256b6431b4ec3d497ec37a8936c3b7ea66c9ba570f","rules":[],"notices":[]},"kind":"settled","seq":6}',X'636A4407A70A3E0554943CB1FB6AF98EE67C7549CDFF2555124A401F7F0A28E7');
INSERT INTO "ledger_entry" VALUES(7,'rcp_b30485ad93bf1a192c7abd14',1,'reserved','9vz2f9t44vpf',1795959619409,'{"at_ms":1795959619409,"content":{"id":"rcp_b30485ad93bf1a192c7abd14","attempt":1,"member_id":"9vz2f9t44vpf","door":"api","kind":"chat","model_id":"echo","created_ms":1795959619409,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":7}',X'2E0B49941EC4DEE3639E5BD934733980D3FD775FE645D37B91923CFE0DC43FFC');
INSERT INTO "ledger_entry" VALUES(8,'blk_48bbe7f60e79ef19963e',1,'block','',1795959619818,'{"at_ms":1795959619818,"content":{"id":"blk_48bbe7f60e79ef19963e","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959618431,"t1_ms":1795959619818,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":81308680,"idle_uj":20577800,"unattributed_uj":929669,"contended_uj":52756266,"parts":{"rcp_b30485ad93bf1a192c7abd14":[6530880,514065,326544]},"idle_us":1028890,"known_us":1355434,"gap_us":0,"flags":["contended"],"windows":2,"readings_sha256":"4f4d1079c603fd26e2f578c5970b7fdd671992b3289f5b7d1ad7a2eedccb1fe7","last":{"at_us":4027635004,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":821332260}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":8}',X'2B46534B4C100F14667D0731E09DEFF4C570362082854E94B02ADBDCF8720AEE');
INSERT INTO "ledger_entry" VALUES(9,'rcp_b30485ad93bf1a192c7abd14',1,'settled','9vz2f9t44vpf',1795959619818,'{"at_ms":1795959619818,"content":{"id":"rcp_b30485ad93bf1a192c7abd14","attempt":1,"member_id":"9vz2f9t44vpf","door":"api","kind":"chat","created_ms":1795959619409,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":51,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":409},"energy":{"interval_uj":{"low":2348315,"central":7044945,"high":12680901},"static_uj":6530880,"dynamic_uj":514065,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":326544},"impacts":{"gwp_g":{"low":0.00002703171488888889,"central":0.00010156462374999999,"high":0.00034520230500000005},"water_l":{"low":7.984271e-7,"central":7.1891706795833336e-6,"high":0.00002588312793},"adpe_g_sb":{"low":1.584460315277778e-11,"central":9.506761891666666e-11,"high":3.422434281e-10},"primary_energy_mj":{"low":3.037643298958333e-6,"central":0.000018225859793749996,"high":0.0000656130952575},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"9c9f8c2f94584f54f7c54bbf662e3d6a6a3ae1ba8924ce75215dd28f28143a5e","rules":[],"notices":[]},"kind":"settled","seq":9}',X'0EC03709C0759DC344CD6FBA66D36B26A4DE58410B9AE58C6B704FC970B03708');
INSERT INTO "ledger_entry" VALUES(10,'rcp_960d4be9ea9ed8762c6d3c33',1,'reserved','z4jkik7gkzmc',1795959620658,'{"at_ms":1795959620658,"content":{"id":"rcp_960d4be9ea9ed8762c6d3c33","attempt":1,"member_id":"z4jkik7gkzmc","door":"api","kind":"chat","model_id":"echo","created_ms":1795959620658,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":10}',X'A378217966AA3E5897BC330DFDF94661F924189C256E16F4A76B6F0E3F353602');
INSERT INTO "ledger_entry" VALUES(11,'blk_20dae9d819235f7d01ac',1,'block','',1795959620723,'{"at_ms":1795959620723,"content":{"id":"blk_20dae9d819235f7d01ac","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959619818,"t1_ms":1795959620723,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":55924740,"idle_uj":17954480,"unattributed_uj":0,"contended_uj":35929359,"parts":{"rcp_960d4be9ea9ed8762c6d3c33":[770260,1270641,38513]},"idle_us":897724,"known_us":936237,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"dbb1de12621f4d486b16d89c564d78b482cb3e022bfa87117bf11f0baefea527","last":{"at_us":4028571241,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":877257000}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":11}',X'E7F5C0C43808F455A90BE4A83CBFEA7CA75DC570129971F997B8F8C51CB8A126');
INSERT INTO "ledger_entry" VALUES(12,'rcp_960d4be9ea9ed8762c6d3c33',1,'settled','z4jkik7gkzmc',1795959620723,'{"at_ms":1795959620723,"content":{"id":"rcp_960d4be9ea9ed8762c6d3c33","attempt":1,"member_id":"z4jkik7gkzmc","door":"api","kind":"chat","created_ms":1795959620658,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":36,"decoded":6,"discarded":0},"durations":{"wait_ms":68,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":108},"energy":{"interval_uj":{"low":680300,"central":2040901,"high":3673622},"static_uj":770260,"dynamic_uj":1270641,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":38513},"impacts":{"gwp_g":{"low":7.83100888888889e-6,"central":0.00002942298941666667,"high":0.00010000415444444446},"water_l":{"low":2.3130200000000002e-7,"central":2.082682778805556e-6,"high":7.498270682222223e-6},"adpe_g_sb":{"low":4.590135277777778e-12,"central":2.7540825161111116e-11,"high":9.914697597777779e-11},"primary_energy_mj":{"low":8.799963958333333e-7,"central":5.279980962083334e-6,"high":0.000019007932498333334},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"69da56d18a1521b3d3c347273d3afd38c4d0c41887a7922dc805a20cd77ca098","rules":[],"notices":[]},"kind":"settled","seq":12}',X'2E9348E9640DF3A2B288D6A1503473711341B5ECC4747CBF14B55ECF61B8D1A2');
INSERT INTO "ledger_entry" VALUES(13,'rcp_7812cd3586cb6c324621d7b1',1,'reserved','z4jkik7gkzmc',1795959621472,'{"at_ms":1795959621472,"content":{"id":"rcp_7812cd3586cb6c324621d7b1","attempt":1,"member_id":"z4jkik7gkzmc","door":"api","kind":"chat","model_id":"echo","created_ms":1795959621472,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":13}',X'3E0DF7D04015C952091485AE17E09EF3C28B0E0595202CD02F7003B35C2452A6');
INSERT INTO "ledger_entry" VALUES(14,'blk_c5dffaef3b5843b049dd',1,'block','',1795959621696,'{"at_ms":1795959621696,"content":{"id":"blk_c5dffaef3b5843b049dd","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959620723,"t1_ms":1795959621696,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":58258960,"idle_uj":16755180,"unattributed_uj":0,"contended_uj":37573066,"parts":{"rcp_7812cd3586cb6c324621d7b1":[2703780,1226934,135189]},"idle_us":837759,"known_us":972948,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"7c6235dc721c193da5c14223da150dbccc6a78269f299fd4e1b80ff665016dda","last":{"at_us":4029544189,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":935515960}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":14}',X'74BEC32FAEADF252F0A0C513F4D409668AE06AEEFBDFA867636FF91A2F06C118');
INSERT INTO "ledger_entry" VALUES(15,'rcp_7812cd3586cb6c324621d7b1',1,'settled','z4jkik7gkzmc',1795959621696,'{"at_ms":1795959621696,"content":{"id":"rcp_7812cd3586cb6c324621d7b1","attempt":1,"member_id":"z4jkik7gkzmc","door":"api","kind":"chat","created_ms":1795959621472,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":88,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":224},"energy":{"interval_uj":{"low":1310238,"central":3930714,"high":7075286},"static_uj":2703780,"dynamic_uj":1226934,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":135189},"impacts":{"gwp_g":{"low":0.000015082295199999999,"central":0.0000566677935,"high":0.0001926050077777778},"water_l":{"low":4.4548092e-7,"central":4.0111844505e-6,"high":0.00001444144486888889},"adpe_g_sb":{"low":8.84046695e-12,"central":5.30428017e-11,"high":1.9095410771111112e-10},"primary_energy_mj":{"low":1.6948474462499999e-6,"central":0.0000101690846775,"high":0.000036608708978333336},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"9d72d09cc08ccfdbe9f7780daeec98306ef85258999e1bda006ced7659050fd7","rules":[],"notices":[]},"kind":"settled","seq":15}',X'4FEF0A7BA8EEAE9FB0B912A38EBFA0558D8922A3A848B3CC268FAFA5AB0C000E');
INSERT INTO "ledger_entry" VALUES(16,'rcp_b3fa1bd422caa0b92d2a783f',1,'reserved','z4jkik7gkzmc',1795959622541,'{"at_ms":1795959622541,"content":{"id":"rcp_b3fa1bd422caa0b92d2a783f","attempt":1,"member_id":"z4jkik7gkzmc","door":"api","kind":"chat","model_id":"echo","created_ms":1795959622541,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":16}',X'97366359905751CA919879D9C676B3FF4AD94CB3F871A1870C4D531DE3E55B49');
INSERT INTO "ledger_entry" VALUES(17,'blk_53b45a145fa747fceb68',1,'block','',1795959622901,'{"at_ms":1795959622901,"content":{"id":"blk_53b45a145fa747fceb68","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959621696,"t1_ms":1795959622900,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":69543600,"idle_uj":17495760,"unattributed_uj":0,"contended_uj":45022244,"parts":{"rcp_b3fa1bd422caa0b92d2a783f":[5647840,1377756,282392]},"idle_us":874788,"known_us":1157180,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"ecd20377f25d6c6aa12f350395601295c8d709671789697b5480ae89172987e9","last":{"at_us":4030701369,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":1005059560}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":17}',X'217A9AEA3544A719DBC17A8F99842F13E845F6633DD75B32D90BEE6BFCAA8993');
INSERT INTO "ledger_entry" VALUES(18,'rcp_b3fa1bd422caa0b92d2a783f',1,'settled','z4jkik7gkzmc',1795959622901,'{"at_ms":1795959622901,"content":{"id":"rcp_b3fa1bd422caa0b92d2a783f","attempt":1,"member_id":"z4jkik7gkzmc","door":"api","kind":"chat","created_ms":1795959622541,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":30,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":360},"energy":{"interval_uj":{"low":2341865,"central":7025596,"high":12646073},"static_uj":5647840,"dynamic_uj":1377756,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":282392},"impacts":{"gwp_g":{"low":0.00002695746822222222,"central":0.00010128567566666666,"high":0.0003442542094444445},"water_l":{"low":7.962341e-7,"central":7.169425562555556e-6,"high":0.000025812040112222222},"adpe_g_sb":{"low":1.5801083569444444e-11,"central":9.480651491111111e-11,"high":3.413034590777778e-10},"primary_energy_mj":{"low":3.029299955208333e-6,"central":0.000018175802318333334,"high":0.00006543288938083334},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"86805a6bf0c224ee45eb5284aa3ea77d1c4a42cb5202d6aacc888dff58f308f4","rules":[],"notices":[]},"kind":"settled","seq":18}',X'924B72579ACA53734E05BC3970405877897965F9F010A2BE13EEF30691A7D8BD');
INSERT INTO "ledger_entry" VALUES(19,'rcp_3fef8318efa8266052058b0b',1,'reserved','rmencwradsmh',1795959623858,'{"at_ms":1795959623858,"content":{"id":"rcp_3fef8318efa8266052058b0b","attempt":1,"member_id":"rmencwradsmh","door":"api","kind":"chat","model_id":"echo","created_ms":1795959623858,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":19}',X'5DA1680E816CCCE5F912FB6B2DDFF52E392F1597BD301EE5304954042612A462');
INSERT INTO "ledger_entry" VALUES(20,'blk_62f2f86e2ccde3d09422',1,'block','',1795959624074,'{"at_ms":1795959624074,"content":{"id":"blk_62f2f86e2ccde3d09422","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959622900,"t1_ms":1795959624074,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":73223200,"idle_uj":21511680,"unattributed_uj":1216291,"contended_uj":47413201,"parts":{"rcp_3fef8318efa8266052058b0b":[2911520,170508,145576]},"idle_us":1075584,"known_us":1221160,"gap_us":0,"flags":["contended"],"windows":2,"readings_sha256":"d4bb8c85ca7724626f2fc5077b7ef4469bb29f85f273af052387c448aeced35e","last":{"at_us":4031922529,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":1078282760}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":20}',X'0918D1C2CEC2BDB5C0DED965B827C20E7E80D46708353E9E37E73620F02A5B01');
INSERT INTO "ledger_entry" VALUES(21,'rcp_3fef8318efa8266052058b0b',1,'settled','rmencwradsmh',1795959624074,'{"at_ms":1795959624074,"content":{"id":"rcp_3fef8318efa8266052058b0b","attempt":1,"member_id":"rmencwradsmh","door":"api","kind":"chat","created_ms":1795959623858,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":36,"decoded":6,"discarded":0},"durations":{"wait_ms":219,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":365},"energy":{"interval_uj":{"low":1027342,"central":3082028,"high":5547651},"static_uj":2911520,"dynamic_uj":170508,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":145576},"impacts":{"gwp_g":{"low":0.00001182584791111111,"central":0.00004443257033333333,"high":0.00015101938833333333},"water_l":{"low":3.4929628e-7,"central":3.1451239621111113e-6,"high":0.000011323372096666667},"adpe_g_sb":{"low":6.931704772222222e-12,"central":4.159025562222222e-11,"high":1.4972493643333333e-10},"primary_energy_mj":{"low":1.3289096829166665e-6,"central":7.973463271666666e-6,"high":0.0000287044708825},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"88316f82c3ee520f305966edc3a8c90ae6fbc9a13bb399f75825b59f3dd65fe3","rules":[],"notices":[]},"kind":"settled","seq":21}',X'59099FD4E813947B4BFC1F8F631964489D643896CC91204E4E1F8275CB66715C');
INSERT INTO "ledger_entry" VALUES(22,'rcp_acd93b015e0930540eda0967',1,'reserved','rmencwradsmh',1795959624956,'{"at_ms":1795959624956,"content":{"id":"rcp_acd93b015e0930540eda0967","attempt":1,"member_id":"rmencwradsmh","door":"api","kind":"chat","model_id":"echo","created_ms":1795959624947,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":22}',X'04DD428E68B6FEEDD36071BDEB76399D03F90AB055AF28F16E6D7A7CDF34386E');
INSERT INTO "ledger_entry" VALUES(23,'blk_d658c1437c0c4fcb7274',1,'block','',1795959625253,'{"at_ms":1795959625253,"content":{"id":"blk_d658c1437c0c4fcb7274","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959624074,"t1_ms":1795959625253,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":70769780,"idle_uj":20272920,"unattributed_uj":977155,"contended_uj":46058373,"parts":{"rcp_acd93b015e0930540eda0967":[3296860,164472,164843]},"idle_us":1013646,"known_us":1178489,"gap_us":0,"flags":["contended"],"windows":2,"readings_sha256":"c1357a2a8bad912edf3f2fe3d80245d76509309ef5afd82875453061e4f9859d","last":{"at_us":4033101018,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":1149052540}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":23}',X'526C99E44ADC698667597BC381CFC688B97C34DC7BE68D08B6F1771A3D90F307');
INSERT INTO "ledger_entry" VALUES(24,'rcp_acd93b015e0930540eda0967',1,'settled','rmencwradsmh',1795959625253,'{"at_ms":1795959625253,"content":{"id":"rcp_acd93b015e0930540eda0967","attempt":1,"member_id":"rmencwradsmh","door":"api","kind":"chat","created_ms":1795959624947,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":46,"cached":38,"decoded":12,"discarded":0},"durations":{"wait_ms":140,"wait_reason":"none","prompt_ms":1,"decode_ms":24,"total_ms":306},"energy":{"interval_uj":{"low":1153777,"central":3461332,"high":6230398},"static_uj":3296860,"dynamic_uj":164472,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":164843},"impacts":{"gwp_g":{"low":0.000013281255244444445,"central":0.00004990086966666667,"high":0.0001696052788888889},"water_l":{"low":3.9228418000000004e-7,"central":3.5321931578888894e-6,"high":0.000012716934584444444},"adpe_g_sb":{"low":7.78478981388889e-12,"central":4.670875237777778e-11,"high":1.6815151935555556e-10},"primary_energy_mj":{"low":1.4924586235416666e-6,"central":8.954754328333333e-6,"high":0.000032237117651666665},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"2b5895cfd199539711ce8984c56e505209754d1144d763e0af5a6989fb8608b6","rules":[],"notices":[]},"kind":"settled","seq":24}',X'A3E96E9EC523ACAC33DE2DD9BE9369D7D70B4CDEFB22ACE116CA64EC71841761');
INSERT INTO "ledger_entry" VALUES(25,'rcp_38030866b1108062d14e143c',1,'reserved','rmencwradsmh',1795959626088,'{"at_ms":1795959626088,"content":{"id":"rcp_38030866b1108062d14e143c","attempt":1,"member_id":"rmencwradsmh","door":"api","kind":"chat","model_id":"echo","created_ms":1795959626088,"tokens":null,"workshop":"api","use":"","energy_uj":null},"kind":"reserved","seq":25}',X'C4143A6FF5441FC7E2AC98252FAD4DACDF9EAC88D12F3F59CE4502E464AB8A6A');
INSERT INTO "ledger_entry" VALUES(26,'blk_cea1f6fdd4308c8c2020',1,'block','',1795959626560,'{"at_ms":1795959626560,"content":{"id":"blk_cea1f6fdd4308c8c2020","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959625253,"t1_ms":1795959626560,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":77434520,"idle_uj":18728560,"unattributed_uj":0,"contended_uj":50124962,"parts":{"rcp_38030866b1108062d14e143c":[7105960,1475038,355298]},"idle_us":936428,"known_us":1291726,"gap_us":0,"flags":["contended"],"windows":1,"readings_sha256":"553058ad4f3d7207725891609a014a05ff8a72f378070c6a23704252a87bd894","last":{"at_us":4034392744,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":1226487060}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":26}',X'5A9A6F23C4087304041A4276DBD67036F21558DBA13EAE8B76419A48D006A371');
INSERT INTO "ledger_entry" VALUES(27,'rcp_38030866b1108062d14e143c',1,'settled','rmencwradsmh',1795959626560,'{"at_ms":1795959626560,"content":{"id":"rcp_38030866b1108062d14e143c","attempt":1,"member_id":"rmencwradsmh","door":"api","kind":"chat","created_ms":1795959626088,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":52,"cached":38,"decoded":18,"discarded":0},"durations":{"wait_ms":100,"wait_reason":"none","prompt_ms":1,"decode_ms":36,"total_ms":472},"energy":{"interval_uj":{"low":2860332,"central":8580998,"high":15445797},"static_uj":7105960,"dynamic_uj":1475038,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":355298},"impacts":{"gwp_g":{"low":0.00003292559946666667,"central":0.00012370938783333332,"high":0.0004204689183333334},"water_l":{"low":9.7251288e-7,"central":8.756670097944446e-6,"high":0.00003152658787666667},"adpe_g_sb":{"low":1.9299295633333334e-11,"central":1.1579580078888889e-10,"high":4.168648990333334e-10},"primary_energy_mj":{"low":3.6999586225e-6,"central":0.000022199756909166666,"high":0.00007991912797750001},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"api","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"0750175f39cd4ae1ee591ced9d765d847b5b48758ed7026357e265fec293c674","rules":[],"notices":[]},"kind":"settled","seq":27}',X'01887CAF7792533FE039D4D0BD62D235D6CB4E892CAADE49394462FE04D24230');
INSERT INTO "ledger_entry" VALUES(28,'rcp_2c8c48b8b0aac5aa62d07ce4',1,'reserved','sijreypxk2gr',1795959632336,'{"at_ms":1795959632336,"content":{"id":"rcp_2c8c48b8b0aac5aa62d07ce4","attempt":1,"member_id":"sijreypxk2gr","door":"web","kind":"chat","model_id":"echo","created_ms":1795959632336,"tokens":1024,"workshop":"web","use":"","energy_uj":null},"kind":"reserved","seq":28}',X'D6424AA1AD9E76F914F5F54FFD0112C449A888DBFADD7D6E56B7332538E6A1A3');
INSERT INTO "ledger_entry" VALUES(29,'blk_adfc03d6f67934bb263c',1,'block','',1795959632505,'{"at_ms":1795959632505,"content":{"id":"blk_adfc03d6f67934bb263c","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959626560,"t1_ms":1795959632504,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":357400360,"idle_uj":117374160,"unattributed_uj":1935859,"contended_uj":232336482,"parts":{"rcp_2c8c48b8b0aac5aa62d07ce4":[1826200,3927659,91310]},"idle_us":5868708,"known_us":5960018,"gap_us":0,"flags":["contended"],"windows":2,"readings_sha256":"48b89bbe583f0bbfcb1ed60f535de99d5a616c750bd28d6f5ac0921b4cba687d","last":{"at_us":4040352762,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":1583887420}},"clean":false,"signed_by":"","signature":""},"kind":"block","seq":29}',X'059A0A2E14C53677F6835CB5F4CCE129E99DD814753636ECB772D6C4CC8A97ED');
INSERT INTO "ledger_entry" VALUES(30,'rcp_2c8c48b8b0aac5aa62d07ce4',1,'settled','sijreypxk2gr',1795959632505,'{"at_ms":1795959632505,"content":{"id":"rcp_2c8c48b8b0aac5aa62d07ce4","attempt":1,"member_id":"sijreypxk2gr","door":"web","kind":"chat","created_ms":1795959632336,"outcome":"completed","finish_reason":"stop","problem":null,"model":{"id":"echo","name":"echo","file":null,"file_sha256":null,"quantisation":null,"licence":null,"openness":{},"grade":null,"voice":null,"trained_by":null},"engine":{"name":"echo","version":"1","machine":"this test"},"tokens":{"prompt":40,"cached":33,"decoded":6,"discarded":0},"durations":{"wait_ms":107,"wait_reason":"none","prompt_ms":1,"decode_ms":12,"total_ms":199},"energy":{"interval_uj":{"low":1917953,"central":5753859,"high":10356947},"static_uj":1826200,"dynamic_uj":3927659,"quality":"estimated","method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"meter":"declared","processors":2},"at_least":false,"machine_share_us":91310},"impacts":{"gwp_g":{"low":0.000022077770088888886,"central":0.00008295146725,"high":0.0002819391127777778},"water_l":{"low":6.521040199999999e-7,"central":5.8716532800833345e-6,"high":0.000021139679598888892},"adpe_g_sb":{"low":1.2940855102777778e-11,"central":7.764513061666668e-11,"high":2.7952249181111113e-10},"primary_energy_mj":{"low":2.4809521202083333e-6,"central":0.000014885712721250001,"high":0.00005358856993583333},"factor_set":"grid-2026-11/FRA","quality":"estimated","at_least":false},"machine_id":"vm","node_id":"","run_id":"","reach":"trusted","workshop":"web","use":"","prefix":{"version":"0","language":"fr","sha256":"4630c7d744748bd4dfc88e736ecfcf6884d0e74178d7f6a682e944bf31439c30"},"prompt_sha256":"db16ca57e27bed75e4d64df74a77c1733c41513c2828a2c11d12f3977c11a4ce","rules":[],"notices":[]},"kind":"settled","seq":30}',X'CAC5D64AAA99E4C930AB5046B3CC154F88E1099ECA0B8E7318F2DD2E6CDD4628');
INSERT INTO "ledger_entry" VALUES(31,'rule_governance_1',1,'rule','',1795959633002,'{"at_ms":1795959633002,"content":{"id":"rule_governance_1","attempt":1,"member_id":"","area":"governance","version":1,"in_force_ms":1795959633002,"rule":{"ordinary":{"method":"majority","threshold":"1/2","quorum_percent":50,"quorum_base":"members","cosigners":0,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":0,"second_after_min":0,"secrecy":"open"},"reinforced":{"method":"supermajority","threshold":"2/3","quorum_percent":50,"quorum_base":"members","cosigners":0,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":25,"second_after_min":0,"secrecy":"open"},"entrenched":{"method":"supermajority","threshold":"2/3","quorum_percent":50,"quorum_base":"members","cosigners":1,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":33,"second_after_min":0,"secrecy":"open"},"persons":{"method":"majority","threshold":"1/2","quorum_percent":50,"quorum_base":"members","cosigners":0,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":0,"second_after_min":0,"secrecy":"detached"},"colleges":{},"proxies_most":2,"consent_most_members":15,"support_days":30,"contest_members":3,"emergency_days":14,"close_early":true},"decided_by":"founding:tests","reason":"Founding"},"kind":"rule","seq":31}',X'F1BCFC0B69A140AF0F79BF5CC25B19CBAF3166AEB5B27CE471672B87DCA2AECA');
INSERT INTO "ledger_entry" VALUES(32,'rule_budget_1',1,'rule','',1795959633002,'{"at_ms":1795959633002,"content":{"id":"rule_budget_1","attempt":1,"member_id":"","area":"budget","version":1,"in_force_ms":1795959633002,"rule":{"limits":[{"scope":"commons","span":"day","unit":"kwh","amount":2.0,"key":""}],"notice_percent":80,"at_full":"refuse","sober_model":"","exempt_uses":["accessibility","emergency"]},"decided_by":"founding:tests","reason":"Founding"},"kind":"rule","seq":32}',X'22FDB4FC5D2922155339FBDC21384AE50D8218216D6CF9A290136F7BD83E870B');
INSERT INTO "ledger_entry" VALUES(33,'rule_hours_1',1,'rule','',1795959635545,'{"at_ms":1795959635545,"content":{"id":"rule_hours_1","attempt":1,"member_id":"","area":"hours","version":1,"in_force_ms":1795959635545,"rule":{"closed_from":"23:00","closed_until":"06:00"},"decided_by":"proposal 1","reason":"Fermer la nuit"},"kind":"rule","seq":33}',X'B8CEDCA637794CE19F399485B9E62E33E9644456E9C594207DDCD88775664E9F');
INSERT INTO "ledger_entry" VALUES(34,'blk_ab1589bc2b1a0c51b373',1,'block','',1795959636334,'{"at_ms":1795959636334,"content":{"id":"blk_ab1589bc2b1a0c51b373","attempt":1,"member_id":"","machine_id":"vm","t0_ms":1795959632504,"t1_ms":1795959636334,"meter":{"id":"declared","kind":"declared","quality":"estimated","low_factor":0.3333333333333333,"high_factor":1.8,"method":"half_declared","facts":{"full_watts":60.0,"idle_watts":20.0,"processors":2}},"energy_uj":229393240,"idle_uj":76593240,"unattributed_uj":4474116,"contended_uj":148325884,"parts":{},"idle_us":3829662,"known_us":3829662,"gap_us":0,"flags":["contended"],"windows":2,"readings_sha256":"4ff014d5a60d5c92faad4ee3dc028fcd2f7d6b345857ce569c5ad6a60a23a7c8","last":{"at_us":4044182424,"epoch":"466fa83af1862a7b.0","counters_uj":{"declared":1813280660}},"clean":true,"signed_by":"","signature":""},"kind":"block","seq":34}',X'C8BCC25202900B9F54EC8DE07F638D9CA140186C8C052646B3CB0C2D92C6E343');
CREATE TABLE machine_day (
	day VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	meter_id VARCHAR NOT NULL, 
	factor_set VARCHAR NOT NULL, 
	quality VARCHAR NOT NULL, 
	energy_uj BIGINT NOT NULL, 
	requests_uj BIGINT NOT NULL, 
	idle_uj BIGINT NOT NULL, 
	unattributed_uj BIGINT NOT NULL, 
	contended_uj BIGINT NOT NULL, 
	low_uj BIGINT NOT NULL, 
	high_uj BIGINT NOT NULL, 
	requests_us BIGINT NOT NULL, 
	idle_us BIGINT NOT NULL, 
	known_us BIGINT NOT NULL, 
	gap_us BIGINT NOT NULL, 
	PRIMARY KEY (day, machine_id, meter_id, factor_set, quality)
);
INSERT INTO "machine_day" VALUES('2026-11-29','vm','declared','grid-2026-11/FRA','estimated',1813280660,49203522,566892280,24288517,1172896341,604426883,3263905188,1909419,28344614,30254033,0);
CREATE TABLE machine_version (
	machine_id VARCHAR NOT NULL, 
	from_ms INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (machine_id, from_ms)
);
CREATE TABLE member (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	name_key VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	password_hash VARCHAR, 
	language VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	deactivated_ms INTEGER, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	UNIQUE (name_key)
);
INSERT INTO "member" VALUES('9vz2f9t44vpf','Odile','odile','operator',NULL,'fr',1795959614763,NULL);
INSERT INTO "member" VALUES('z4jkik7gkzmc','Karim','karim','member',NULL,'fr',1795959619949,NULL);
INSERT INTO "member" VALUES('rmencwradsmh','Anne','anne','member',NULL,'fr',1795959623005,NULL);
INSERT INTO "member" VALUES('sijreypxk2gr','Bilal','bilal','member','$argon2id$v=19$m=19456,t=2,p=1$86E3lyMAEjm7xBtLnKo7QA$2FTt4/WreOW+tx+tohxG9kVZ9HD049Qv5HwGNRlSx1A','fr',1795959629463,NULL);
CREATE TABLE member_standing (
	member_id VARCHAR NOT NULL, 
	college VARCHAR NOT NULL, 
	votes INTEGER NOT NULL, 
	PRIMARY KEY (member_id)
);
CREATE TABLE node (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	owner_id VARCHAR NOT NULL, 
	owned_by VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	trust INTEGER NOT NULL, 
	public_key VARCHAR NOT NULL, 
	box_key BLOB NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	decided_ms INTEGER, 
	decided_by VARCHAR, 
	revoked_ms INTEGER, 
	seen_ms INTEGER, 
	policy TEXT NOT NULL, 
	policy_serial INTEGER NOT NULL, 
	max_watts FLOAT, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	UNIQUE (public_key)
);
CREATE TABLE node_day (
	node_id VARCHAR NOT NULL, 
	day VARCHAR NOT NULL, 
	requests INTEGER NOT NULL, 
	lost INTEGER NOT NULL, 
	own_requests INTEGER NOT NULL, 
	decoded_tokens BIGINT NOT NULL, 
	energy_uj BIGINT NOT NULL, 
	served_us BIGINT NOT NULL, 
	PRIMARY KEY (node_id, day)
);
CREATE TABLE node_file (
	node_id VARCHAR NOT NULL, 
	model_id VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	done_bytes BIGINT NOT NULL, 
	problem VARCHAR NOT NULL, 
	given_ms INTEGER NOT NULL, 
	changed_ms INTEGER NOT NULL, 
	PRIMARY KEY (node_id, model_id)
);
CREATE TABLE node_invitation (
	token_sha256 BLOB NOT NULL, 
	owner_id VARCHAR NOT NULL, 
	created_by VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	used_ms INTEGER, 
	node_id VARCHAR, 
	PRIMARY KEY (token_sha256)
);
CREATE TABLE panel_seat (
	report_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	opinion VARCHAR, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (report_id, member_id)
);
CREATE TABLE reading_block (
	id VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	t0_ms INTEGER NOT NULL, 
	t1_ms INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "reading_block" VALUES('blk_8ad49653bb517c7713ad','vm',1795959606079,1795959616889,X'789C9D93D16EE4200C45FF85E76844204D98FC4A55219740C236014A48B3D568FE7D4DD2E94CA7DA5DA9BCD9D8DCE32B7322D6194FDA13B11D6949A7D5085177A4202FD6DD65947FD37126ED2399400DD669F25490D705469BDEB152CFC94E90B6D2D1AFD2804A3E92961EF8DD29C860FBE1B3A03C88824C3A0D3E0B0E301A79A39AABE60C689671942BA41CD5F4400B441EF525C3B64C885EE979F619939D0BB24608B35C7E613F46DA18ABAC76EA3D8B62F9649D5C714EA49DB0A3A497479735BFB81F2C83DF57193CB975F4AEC7896FDB1D02A28AB1714E1918925C305DD1921F99E0C712098257030E59D5B501C1C194A266D03C1FE8E6EFE2123ABCF35E9D6F697ED5476D7B274398F6C45E8DB78F27123574D6F55F4459C59A8A73F653D19AD1B214827D133FD6757514980DF4CEA7A85F17F424AF086E46A703C49D10A31E02690D8CB33E177F037E105494D58F81B96095A8EAEFC00DE7A2FA0FF0E912C8ED234415A402004A3B505C3CD3B2D34D69B86A9A2342CC0947BB72735E6DDCAEBB9D0561B68D9C4292C9BF68B75D656394EF74F799ABF1B3410890BF0A7BC0A545F4217DAC28F4804BBA6C9E9EFFE5EAD3F90F636F304B');
INSERT INTO "reading_block" VALUES('blk_1ebe0bb1fbb862ff01a7','vm',1795959616889,1795959618431,X'789C9D93DB6EA3301086DFC5D72832C618C3AB54159A1A1BBC05DB35A6D92ACABBEF986CD26CF624D57733CCE19B9F9913B1CE78D29D881D484706AD66887A200579B5EEC1A3FCBB8E2BE99EC8026AB24E93E782BC6D30DBF481917A4D7681B487CEFED81B50C947D2D143F5F00A32D971BA059407599045A7C9E78613CCA6BFEB9AA3D60C68B679EE8F90B225E88116883CEBAB87ED9E10BDD2EBEA33263B17E41821ACFDF60DF3D1D2C65865B5531FB929862FD6F5479C136917CC28E9B5E876CC152F0FC3E0FB671B7C3975F66EC489EFD31D02621763E39A3230A47E4337A78CD792CA922341F06AC221B910066405A6948241F372A0BBBE9B4BA8F085F753F94E549271C905CDD57DD476747D080BE9DAA6AA243F5F5331F4E944A286C1BAF15782BA968C35F4CB04AD644D8353FC4ED0946DF606FA205AD46F1B0A94F705D764D001E28510AD1102E90CCCAB3E177F0116AC69EBAF03379C5256FD11B8AD39FF0FF0E96AF4FB554415FACAE00F146AD043D5B6A56879AB057F611221D684A3DD846E6B514B5C71ED86FB599868F6F55C42EA937FD50E3FC9AC8BF258F3E62A195E1E8400F96E588D1B8CE853FAB9AF30026EECB66B7AFE97AACFE71FDA663264');
INSERT INTO "reading_block" VALUES('blk_48bbe7f60e79ef19963e','vm',1795959618431,1795959619818,X'789C9D93DB6EE3201086DF856B2BE2E443FC2A55654D30D86C6CA018375B4579F71D1CA549B327A9DCCD680EDFFCFA3913EB8C27ED99D89EB4A4D76A82A87B5290A3754F19E5DF755C48FB426650A3759ABC16E46D85C9A60FACD44BB233A4AD74F2A7CE804A3E9296EEC4D32BC86887F1B380ED9A82CC3A8D3E2F1C6132DDC3D65CB56440B34E53778294A38AEE6881C893BE65F89609D12BBD2C3E63F24B414E11C2D2AD3FB01F236D8C55563BF5919762F96C5D77C23B9176C60E466F43D7539E787D58063FEF6BF0E5D6C9BB012F7E6C7708885B8C8D4BCAC090BA15D392F28AD7FBB2C62E1DBC1AF1485955061A0186351587FAB0A39BBEAB4BA8F095F7AE7C5B4B4AB9281B9AA7FBA8EDE0BA1066D2EE71AC94975B2B96BE9C49D4D05B377C25A80565B411DF256828E3A568E41F086ACE3241A04FA245FDB6A240D92F68935E078857428C0608A435302DFA52FC0DB81225A5F2DBC09C09C179F53B70C52A51FF07F87C0BBAED574415BA83A0B229A1DF8B8361C0F65CD570E899448825E1690F42374888DCAE7FB845627EB3E71C5297FC51BBEC37998551BED7FD3D877FE1082140FE3894F3124D8CF4233A8A67DFC10068DA7593F5F22F615F2FBF004222331F');
INSERT INTO "reading_block" VALUES('blk_20dae9d819235f7d01ac','vm',1795959619818,1795959620723,X'789C9D92DB72E3200C86DF856B4F06838D0FAF92C9302AC6365B1B28E0F5763279F70AB769B3D9BBD59D840E9F7E7425C68E8EF4576206D29341AB05821E48415E8D7D8A28F75B8748FA335941CDC66A7229C8DB068B49EF98A963322BA4237571BB1C412517484F4FFCC90A329B69FE4E284F6D41569D669707CEB08CF2616ACE8A1970DC9645EE90B227E8891688BCE87B841D111F9CD231BA8CC96E05D903F828B75F588F9E1E47A38CB6EA3D0FC5F4D558B9E39E48BB624549EF4DB73D77FC344C833F3F63D072E9E2EC841B3F965B04C429A3093165604872C370455923784D698504DEA91997AC8418A1E53096AD60D0BC9CE8A1EF66132AFCC9FBA37CDFB29273C604CDDD5DD066B2D2FB95F49D28056F6EF7524C3D5F49D030183BFD4DD0D64DC9AAF2BF099A86D50DAEFE2F41DD561CA39E3E8916F4DB8602C52FA6C391C79105E56527E850BDE84E43A787B6114C89812BCE112226080FDC9C555556CE0E0FBBD0AE6E8EDF5E7D92C9BD6A9B9F8A4CEC063D7C8704DE31780FF90A29AB71FF1DD967FC1E963F1126C00BC86DCF97DB25977B9C7DE888DE049EF4232C51DF2EB70F4984FD23');
INSERT INTO "reading_block" VALUES('blk_c5dffaef3b5843b049dd','vm',1795959620723,1795959621696,X'789C9D92DB92A3201086DF856B2B25A888BE4A2A657510941D050671DDA994EF3E8D339964537BB5DC75F377F7D7871B31563BD2DE88E9494B7A252708AA27197933F6C523DD6F1516D29EC90C723456914B46DE57984CFC40A55AA299211ED2C96D9D06195D206D7E2A5E5E4646338C3F027A121999551C5D2A38C2A4BBA7AA49B52440BD4E53B7414C16CF4F7986C893BA7BD8E1F1C149B52C2E61B23D235B00BF74EB2F8C474B696DA451567EA4A2289F8DED36EC1369678CA0F93DE9BAA58C5F0F65F0E751065F0A9D9C1DB0E3E7708B8058459BB0C4040CB15BD15DE64C543565254502EFE4884D969C6B1005682A3883FA7ACA8FF9AE36E284BF781F936F455DB3AAC6C229BB0BCA0CB6F37E266DC32B5116FB3D14A5E71B090A7A6387BF099AAA2CA968FE97A029AA8A560DFF0781286A815E9FBF0C2DA8F71507B47C331D46771C5990BEAB0565B22F2AC1E595CB82959CD1BEBE52845822840777990BDEE07D28DB3FF55208511FDB9E7DECA27B5316BF5085C4AE57FD8F8B323C64F01ED219E6ACC2156C083FE27E58DA220C802790F29E2FFB25C57B2C7E0C12AD013C69354C8BDA2FFB270E19FCEB');
INSERT INTO "reading_block" VALUES('blk_53b45a145fa747fceb68','vm',1795959621696,1795959622900,X'789C9D92DB92DB200C86DF856B4F061B9F5F259361140C368D0D2CE07577327EF70A6FD3A4995E953B091D3EFDD29D68A32CE9EF440FA4278314337839908CDCB479F308FB297D20FD992C20266D24B964E4638559C72F8C9421EA05E2113ADB8D2B10D17AD2D3137B7B1999F438FD09C84F6D461619279B1A4E302BFED235458504A8D679E61BC464D5F44433449EE5C3531C1EE7AD9021D88459EC19D93CB8C0D71F988F96544A0B2D8DF84A4D317CD1866F3827D22E9891D347D1754B15BF1F86C1CF671B7C2975B666C4895FD30D026217A57D880918225FD15DD2A2ABCA326F3B2470564C386459D70A5A062A6FEB029AEB891EFAAE26A2C2DFBC4FE5FB8E55555E75354DD5AD977A34DCB9053FEA9635EDFE48C5D0F39D78098336E35F048C363467F57F13A03215ADBAEA1F084D2A8E5E47DF54F3F2634585C26FA8C3E0C79579E1F89529C8AF43591402805EBB62408A9629A40811FC131C856BAA1CC1CDF03A4C5EB263DD8B8B3CDA9B34697F659698ED2087A70F6FEB06CE413A44CA8A1A8F02E927DC5091F60823E011A4C2E7CB7E49F90EBB1F52A2358223BD8239C8FDB2FF025C85FDF5');
INSERT INTO "reading_block" VALUES('blk_62f2f86e2ccde3d09422','vm',1795959622900,1795959624074,X'789CA593DB6E9C301086DFC5D768654C6C0CAF1245D62CD8E0066CC798D268C5BB77CC6A93ED2AADAAD67733CCE19B9F990BB1CE78D25E88ED494B7ADD4D10754F0AF26ADD83A7F3DF755C48FB4C66E846EB347929C8DB0A934DEF18A99764674847E8E43765A04B3E92969EAA875790D10EE3474079920599751A7D6E38C264D45DD71CB56440B34E93DA20654BD0132D1079D2370F3B3C21FA4E2F8BCF986C2FC816212C6AFD86F96869636C67B5EBDE73530C9FAD531BCE89B4336694F45674DD72C5EBC330F8F1D9065F4E9DBC1B70E2FB748780D8C5D8B8A40C0C49ADE87EA215AD695989060982EF461CF2490803B202534AC1A03E9FE8A1EFEA122A7CE5FD543E7371CA1B2E682EEFA3B6835321CCA46DEA5C7CBFE562ECF385440DBD75C3AF08655DF346B27F47104DC54BC9BE4028B9CC5A07FA205BD46F2B4A94370617A5D701E21511AD0102690D4C8BDE8BDF11378C71F61FA2D59249567F25DA5F105F6E863A0E23764155461B599552230513827246B93CD333522C0967BB935A889A23B8EBEF8761BC3C36740E4925FFAA5DFE9485E97CAFFB0F97C0DB8310205F0EAD2AFC651BB28FB8522C2F1E0C805BBB1EAAEE7FD2F565FF09DD9D3312');
INSERT INTO "reading_block" VALUES('blk_d658c1437c0c4fcb7274','vm',1795959624074,1795959625253,X'789C9D93DB8EA4201086DF856BD3016C157D95C984D4002A3B0A0CE2BA934EBFFB169A9EE9EDECEE45975755D6E1AB3FC58558D77BD25D88D5A423DAA809A2D1A420EFD63D4494FF69E242BA1732831AAD33E4B5201F2B4C367D62A659929D21EDA993DF640F2AF9483A7A2A1FAC20A31DC6AF04761205994D1A7D1E38C2D4CBBBA9396BC980FD3A4D728394BD9A9E6881C893B945F81E09D12BB32C3E63F26B41B6086191EB0FAC47CFF4BD55D638F5998762FA6C9DDC704FA49DB182D15BD375CB1D0FC334F8F53D062D974EDE0DB8F17DB943409CD2DBB8A40C0C49AE183ED392B59C57BC4582E0D5884B9EEBBA075142CF44CDA1793BD15DDFD52554F8E0FD561EB91AC1056F6A9ADBFB68ECE0640833E9DA8655222F7AD462EECB854403DABAE14F04DE9615AB9BA7115829B043C5FF825009566234D007D9A2F95851A27C317828DA048807227A0304D2F5302DE65AFC83B864143FF13CF1B9A515AFCECF115F6E8EDC1F46544182D26DF9465965685B526C6C34D0B66E906249B8DBBDD42DCD523B7DB70C6DAAE342E79064F2EFC6E12F9185515E1BFD15621C1F1F8400F9E96025BA1BC28F78533C5F1E0C8067BBEEB25EFF27ECEBF53704C13325');
INSERT INTO "reading_block" VALUES('blk_cea1f6fdd4308c8c2020','vm',1795959625253,1795959626560,X'789C9D92DB8EE3200C86DF85EBA88240D234AF5255C84320619B0043C8644755DE7D4D663AED567BB57065EBB7FDF97023D6194FDA1BB11D6949A7D5085177A42057EB5E3CCA7FE83893F64C265083759A5C0AF2BEC068D3272AF59CEC0469978E7E950654F291B4F4C05F5E4106DB0F3F0276680A32E934F85C7080D1C8A7AA59356740B38CA35C2165ABA6075A20F2A8EF9E72F784E8959E679F31CBAD206B8430CBE517C6A3A58DB1CA6AA73E7351944FD6C915FB44DA092318BD275DD69CF1EBA10C7E3FCAE0CBA1A3773D76FC1CEE1010AB181BE7948121C905DD8272CE287EEC5207AF066C52D4B5818683614D5DC2F1ED40F7F92E2EE184BF781F936F1913275A9595A039BD8FDAF64E863091F674AC1AC6B77B2C6ACF37123574D6F57F23087E2A8F42FC374259D6A239D2FA1F084C3081DE405FC616F5FB82239ABFA17643EE67165590BCA19C3675FDC6186D685D764C6826B8428A39417C80537E64559E9DEB9E9B1155BDEF7B0A49267FD52E2F10FB4366DFE9EEE1C3D02B8400F912293F31BC0AA41F7045655E24F4805790139F2FDB25C707ACBE8F12AD1E02690D8CB3DE2EDB1FFAB6FC9C');
INSERT INTO "reading_block" VALUES('blk_adfc03d6f67934bb263c','vm',1795959626560,1795959632504,X'789C9D93618FA3201086FF0B9F4D838888FE95CDC64C1195AB028B78DEA6E97FDFC1A6DD6E6F73972CDF667C8779E6753813637B479A33311D6948A7D5044177242327639F32CAFDD66121CD0B99418DC66AF29A91B7152613DF51A997686688BB74725BDB838A2E90861E8AA79391D10CE35D901F6446661D47971A8E30F5ED43D7A45A1260BF4E53BB414C91A0079A21F2A46F19B6677C704A2F8B4B98EC92912D805FDAF517D663A4FBDE28A3AD7A4F4D513E1BDB6E3827D2CE5891D3DBA5EB966EBC1E94C19FCF367852E9E4EC80133F965B04C42EBD094B4CC010DB15D39C16BCA859C5391278A7461C920BD1832CA0CFA560501D0F74F777B5111DBEF27E3ADFE48C092E2B2A68BADE056D06DB7A3F93A6AE729EF3CBAD16B52F67123474C60E5F1104CFCBBA123F462878CDCA121DFA1B41F0AAC6ACA74FB605FDB6A245696370513AED215C11311AC093A68769D197EC7B62642E5925D88F894B59485971F60D319754FC87F87C0BDAFD6104E55BA6A4E2F2288F144095008275B4529A23C51271B63B3813B4AE13B8ED1E872928DB3774F6B18DEEA42D7EAA9231CA75BABBA7F01F9DC07B482F871612B76643F611578AA5C58301706BD7DDD5CBBF7C7DBD7C006AF633D0');
INSERT INTO "reading_block" VALUES('blk_ab1589bc2b1a0c51b373','vm',1795959632504,1795959636334,X'789CA592D16EA4300C45FFC5CF6814420829BF5255C80B09A40D090DA16C359A7F5F6746B36DA7ED4BEB375BD7B9C7573982F526407B043B400B83EE1D463D40014FD6DF4CFAF0A2E30AED3DCCD84FD66B7828E0794367D32B29F59AEC8CE92C7561EF0CF6294468D9A1BAA902263B4EFF05E5411530EB34856C38A133DD3BD7AC5A33A0D99CEB764CB993ECC00A4276FA3AE1E7C91243AFD735644C7E2A608FB8ACDDF648FBD469636C6FB5EF5FB329C967EBBB9DEE24DA99364A767D74DBF38B972219FE7DB3A1CAAB2EF8912E7EBFEE09905C8C8D6BCAC098BA8DC6820956D5BC919C0896D04F74A490D2A0AAD0944A726CFE1CD839DFCD274AF8C2FB967C5BD6AA52AA119CE5E743D476F4DDB2CCD0DE35423179BAEE92F6FE0851E360FDF811A1ACA46A6AF1630429C8A9E1F2338264ACAE69BAB09BD8A27EDE28A2FC63E8A30C7AC17841A46EC4055A836ED5A7E21B62512A2EF8CF895559710AE70BE246D48DFA05F1C3E91FE8730082');
CREATE TABLE receipt_salt (
	request_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	salt BLOB NOT NULL, 
	PRIMARY KEY (request_id)
);
INSERT INTO "receipt_salt" VALUES('rcp_caaa00dac38b01de71f3c779','9vz2f9t44vpf',X'5AA969044DA7C41DF8371B040D156526');
INSERT INTO "receipt_salt" VALUES('rcp_3f8146cded39916949e64b28','9vz2f9t44vpf',X'5E8CA9B160B89AB837F62F771CE68861');
INSERT INTO "receipt_salt" VALUES('rcp_b30485ad93bf1a192c7abd14','9vz2f9t44vpf',X'A83E82BA4219D7BAC5A37EA388CB74BB');
INSERT INTO "receipt_salt" VALUES('rcp_960d4be9ea9ed8762c6d3c33','z4jkik7gkzmc',X'F04350DA3A072152A3522A20CAED4284');
INSERT INTO "receipt_salt" VALUES('rcp_7812cd3586cb6c324621d7b1','z4jkik7gkzmc',X'725BAC43AAB9819482B2C51D78F294A4');
INSERT INTO "receipt_salt" VALUES('rcp_b3fa1bd422caa0b92d2a783f','z4jkik7gkzmc',X'79BFBACE50B02BE4F19DCBC8B0857824');
INSERT INTO "receipt_salt" VALUES('rcp_3fef8318efa8266052058b0b','rmencwradsmh',X'4C4F6B0C614720DA4F3CE839E8804E3E');
INSERT INTO "receipt_salt" VALUES('rcp_acd93b015e0930540eda0967','rmencwradsmh',X'2EC5EBCE94E7824CEB5BBB14CFA943FC');
INSERT INTO "receipt_salt" VALUES('rcp_38030866b1108062d14e143c','rmencwradsmh',X'982F578E0704FAE78A59960420AB6DB3');
INSERT INTO "receipt_salt" VALUES('rcp_2c8c48b8b0aac5aa62d07ce4','sijreypxk2gr',X'1A101720601FD0D47CEAC5CA96EDE08E');
CREATE TABLE report (
	id VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	reporter_id VARCHAR, 
	subject_id VARCHAR, 
	receipt_id VARCHAR, 
	place VARCHAR NOT NULL, 
	charter_line VARCHAR NOT NULL, 
	words TEXT NOT NULL, 
	content TEXT NOT NULL, 
	flagged_by VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	due_ms INTEGER NOT NULL, 
	appeal TEXT NOT NULL, 
	draw_seq INTEGER, 
	purge_ms INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE report_decision (
	report_id VARCHAR NOT NULL, 
	step INTEGER NOT NULL, 
	decided_by VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	leaf_seq INTEGER NOT NULL, 
	PRIMARY KEY (report_id, step)
);
CREATE TABLE roll_entry (
	poll_id INTEGER NOT NULL, 
	voter_id VARCHAR NOT NULL, 
	PRIMARY KEY (poll_id, voter_id)
)
 WITHOUT ROWID

;
CREATE TABLE rule_version (
	area VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	in_force_ms INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	decided_by VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, leaf_seq INTEGER, 
	PRIMARY KEY (area, version)
);
INSERT INTO "rule_version" VALUES('governance',1,1795959633002,'{"ordinary":{"method":"majority","threshold":"1/2","quorum_percent":50,"quorum_base":"members","cosigners":0,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":0,"second_after_min":0,"secrecy":"open"},"reinforced":{"method":"supermajority","threshold":"2/3","quorum_percent":50,"quorum_base":"members","cosigners":0,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":25,"second_after_min":0,"secrecy":"open"},"entrenched":{"method":"supermajority","threshold":"2/3","quorum_percent":50,"quorum_base":"members","cosigners":1,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":33,"second_after_min":0,"secrecy":"open"},"persons":{"method":"majority","threshold":"1/2","quorum_percent":50,"quorum_base":"members","cosigners":0,"deliberation_min":0,"notice_min":0,"voting_min":60,"contest_min":0,"second_quorum_percent":0,"second_after_min":0,"secrecy":"detached"},"colleges":{},"proxies_most":2,"consent_most_members":15,"support_days":30,"contest_members":3,"emergency_days":14,"close_early":true}','founding:tests','Founding',1);
INSERT INTO "rule_version" VALUES('budget',1,1795959633002,'{"limits":[{"scope":"commons","span":"day","unit":"kwh","amount":2.0,"key":""}],"notice_percent":80,"at_full":"refuse","sober_model":"","exempt_uses":["accessibility","emergency"]}','founding:tests','Founding',2);
INSERT INTO "rule_version" VALUES('hours',1,1795959635545,'{"closed_from":"23:00","closed_until":"06:00"}','proposal 1','Fermer la nuit',16);
CREATE TABLE sanction (
	id VARCHAR NOT NULL, 
	report_id VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	percent INTEGER NOT NULL, 
	from_ms INTEGER NOT NULL, 
	until_ms INTEGER NOT NULL, 
	lifted_ms INTEGER, 
	PRIMARY KEY (id)
);
CREATE TABLE sensitive_reading (
	id VARCHAR NOT NULL, 
	reader_id VARCHAR NOT NULL, 
	subject_id VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	leaf_seq INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE session (
	id VARCHAR NOT NULL, 
	secret_sha256 BLOB NOT NULL, 
	member_id VARCHAR NOT NULL, 
	agent VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	seen_ms INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	revoked_ms INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(member_id) REFERENCES member (id), 
	UNIQUE (secret_sha256)
);
INSERT INTO "session" VALUES('m2e7mssxss8i',X'3BFAFA27ECC1AB13CBDFE88D73BB4ADCE93F7DEE607F7E27A14E6FB63FB2271B','sijreypxk2gr','',1795959629463,1795959629463,1803735629463,NULL);
CREATE TABLE sign_in_attempt (
	"key" VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	window_ms INTEGER NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE training_event (
	run_id VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	at_ms INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	actor_id VARCHAR, 
	body TEXT NOT NULL, 
	PRIMARY KEY (run_id, number)
);
CREATE TABLE training_run (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	created_ms INTEGER NOT NULL, 
	member_id VARCHAR NOT NULL, 
	place VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	touched_ms INTEGER NOT NULL, 
	settings TEXT NOT NULL, 
	corpus_sha256 VARCHAR NOT NULL, 
	"plan" TEXT NOT NULL, 
	rule VARCHAR NOT NULL, 
	receipt TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
CREATE TABLE turn (
	conversation_id VARCHAR NOT NULL, 
	seq INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	receipt_id VARCHAR, 
	PRIMARY KEY (conversation_id, seq), 
	FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);
INSERT INTO "turn" VALUES('8u8fckzn89jg',1,'user','Combien de stères par foyer ?',NULL);
INSERT INTO "turn" VALUES('8u8fckzn89jg',2,'assistant','Combien de stères par foyer ?','rcp_2c8c48b8b0aac5aa62d07ce4');
CREATE TABLE usage_day (
	dimension VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	day VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	factor_set VARCHAR NOT NULL, 
	quality VARCHAR NOT NULL, 
	requests INTEGER NOT NULL, 
	lost INTEGER NOT NULL, 
	cancelled INTEGER NOT NULL, 
	unknown INTEGER NOT NULL, 
	prompt_tokens BIGINT NOT NULL, 
	decoded_tokens BIGINT NOT NULL, 
	static_uj BIGINT NOT NULL, 
	dynamic_uj BIGINT NOT NULL, 
	lost_uj BIGINT NOT NULL, 
	lost_dynamic_uj BIGINT DEFAULT '0' NOT NULL, 
	low_uj BIGINT NOT NULL, 
	high_uj BIGINT NOT NULL, 
	machine_share_us BIGINT NOT NULL, 
	PRIMARY KEY (dimension, "key", day, machine_id, factor_set, quality)
);
INSERT INTO "usage_day" VALUES('total','','2026-11-29','vm','grid-2026-11/FRA','estimated',10,0,0,0,454,114,38188380,11015142,0,0,16401171,88566344,1909419);
INSERT INTO "usage_day" VALUES('member','9vz2f9t44vpf','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,13925960,1402134,0,0,5109364,27590570,696298);
INSERT INTO "usage_day" VALUES('model','echo','2026-11-29','vm','grid-2026-11/FRA','estimated',10,0,0,0,454,114,38188380,11015142,0,0,16401171,88566344,1909419);
INSERT INTO "usage_day" VALUES('workshop','api','2026-11-29','vm','grid-2026-11/FRA','estimated',9,0,0,0,414,108,36362180,7087483,0,0,14483218,78209397,1818109);
INSERT INTO "usage_day" VALUES('member','z4jkik7gkzmc','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,9121880,3875331,0,0,4332403,23394981,456094);
INSERT INTO "usage_day" VALUES('member','rmencwradsmh','2026-11-29','vm','grid-2026-11/FRA','estimated',3,0,0,0,138,36,13314340,1810018,0,0,5041451,27223846,665717);
INSERT INTO "usage_day" VALUES('member','sijreypxk2gr','2026-11-29','vm','grid-2026-11/FRA','estimated',1,0,0,0,40,6,1826200,3927659,0,0,1917953,10356947,91310);
INSERT INTO "usage_day" VALUES('workshop','web','2026-11-29','vm','grid-2026-11/FRA','estimated',1,0,0,0,40,6,1826200,3927659,0,0,1917953,10356947,91310);
CREATE TABLE usage_people (
	month VARCHAR NOT NULL, 
	model_id VARCHAR NOT NULL, 
	workshop VARCHAR NOT NULL, 
	machine_id VARCHAR NOT NULL, 
	declared_use VARCHAR NOT NULL, 
	lost INTEGER NOT NULL, 
	member_id VARCHAR NOT NULL, 
	PRIMARY KEY (month, model_id, workshop, machine_id, declared_use, lost, member_id)
);
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'9vz2f9t44vpf');
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'z4jkik7gkzmc');
INSERT INTO "usage_people" VALUES('2026-11','echo','api','vm','',0,'rmencwradsmh');
INSERT INTO "usage_people" VALUES('2026-11','echo','web','vm','',0,'sijreypxk2gr');
CREATE TABLE vote (
	poll_id INTEGER NOT NULL, 
	voter_id VARCHAR NOT NULL, 
	cast_by VARCHAR NOT NULL, 
	choice TEXT NOT NULL, 
	reason VARCHAR NOT NULL, 
	at_ms INTEGER NOT NULL, 
	PRIMARY KEY (poll_id, voter_id)
);
INSERT INTO "vote" VALUES(1,'9vz2f9t44vpf','9vz2f9t44vpf','"for"','',1795959634641);
INSERT INTO "vote" VALUES(1,'z4jkik7gkzmc','z4jkik7gkzmc','"for"','',1795959634887);
INSERT INTO "vote" VALUES(1,'rmencwradsmh','rmencwradsmh','"for"','',1795959635187);
INSERT INTO "vote" VALUES(1,'sijreypxk2gr','sijreypxk2gr','"for"','',1795959635545);
CREATE TABLE work_answer (
	kind VARCHAR NOT NULL, 
	week VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (kind, week, id)
)
 WITHOUT ROWID

;
CREATE TABLE work_block (
	kind VARCHAR NOT NULL, 
	task_type VARCHAR NOT NULL, 
	last_week VARCHAR NOT NULL, 
	first_week VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (kind, task_type, last_week)
)
 WITHOUT ROWID

;
CREATE TABLE work_voice (
	kind VARCHAR NOT NULL, 
	week VARCHAR NOT NULL, 
	member_id VARCHAR NOT NULL, 
	PRIMARY KEY (kind, week, member_id)
)
 WITHOUT ROWID

;
CREATE INDEX ledger_by_member ON ledger_entry (member_id, seq);
CREATE INDEX conversation_by_expiry ON conversation (expires_ms);
CREATE INDEX conversation_by_member ON conversation (member_id);
CREATE INDEX reading_block_by_time ON reading_block (machine_id, t1_ms);
CREATE INDEX usage_by_day ON usage_day (dimension, day);
CREATE INDEX journal_leaf_by_kind ON journal_leaf (kind, seq);
CREATE INDEX journal_person_by_member ON journal_person (member_id);
CREATE INDEX assembly_event_by_kind ON assembly_event (kind);
CREATE INDEX report_by_state ON report (state, created_ms);
CREATE INDEX sanction_by_member ON sanction (member_id, until_ms);
CREATE INDEX sensitive_reading_by_subject ON sensitive_reading (subject_id, at_ms);
CREATE INDEX desk_item_by_state ON desk_item (state, created_ms);
CREATE INDEX desk_item_by_age ON desk_item (touched_ms);
CREATE INDEX desk_draft_by_state ON desk_draft (state, next_ms);
CREATE INDEX desk_event_by_actor ON desk_event (actor_id, at_ms);
CREATE INDEX evaluation_by_time ON evaluation (made_ms);
CREATE INDEX training_run_by_state ON training_run (state, touched_ms);
CREATE INDEX blind_pair_by_models ON blind_pair (left_model, right_model);
DELETE FROM "sqlite_sequence";
COMMIT;

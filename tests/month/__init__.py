"""A month of an ordinary clinic: twenty exams a day, and nothing in it that a person need be asked.

What the cameras of :mod:`month.site` write, when, and what technicians, back-ups and the EDC's clinicians
do meanwhile, is made up from a seed (:mod:`month.visit`). Entries are made on the day of the exam or some
days before, while it waits, or on the next day, which after a Friday is Monday; half of the subjects come
again after two weeks. The daemon's real core lives through it (:mod:`month.run`), is stopped every night
and killed now and then. Every file must be stored once, under the right eye, subject and session, and
archived as it was written, without one question. One site makes its entries at consent, long before: it is
asked, told the key ``visit_days`` by its third hold, and sets it.

``python -m month --days 30`` in ``tests`` lives through a month at every site, ``--help`` says the rest.
"""

"""The history proved: chained, signed, checked without the database, replayed, erased where the law asks."""

"""From runs to reasons: what drives an answer, where an architecture loses, which design is never far from best."""

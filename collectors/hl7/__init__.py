"""HL7 v2 over MLLP: what a hospital information system says of patients and beds, as facts without identity."""

/** For `provider.test` alone, until 2126; signed by itself. Its key is public: nobody may trust it outside of tests. */
export const certificate: { cert: string; key: string } = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBoDCCAUegAwIBAgIUNUjfnE2Z9vsbkKUIu/+WKYV4nowwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNcHJvdmlkZXIudGVzdDAgFw0yNjExMjkxMjExMzlaGA8yMTI2
MTEwNTEyMTEzOVowGDEWMBQGA1UEAwwNcHJvdmlkZXIudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABIVfQwtwW5Owp4W+ygCRJCvJuAI5odHORHYi7gq94nHZ
9/FjyadS07xRx8O7B7G53aIKo2w4FdNs6ZE23Ccd0GCjbTBrMB0GA1UdDgQWBBTU
bLVh/Guhq1w5HyWFqPMhSNdr3jAfBgNVHSMEGDAWgBTUbLVh/Guhq1w5HyWFqPMh
SNdr3jAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDXByb3ZpZGVyLnRlc3Qw
CgYIKoZIzj0EAwIDRwAwRAIgUUazkBtfbjZ4/bE1GZsLRHvkHYHcJYYMjmrTwZg7
b5wCIFiA/dyDppxnuFvxt1KvLgeKunvlSOyxLVqDqX/y/rXb
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUsJKxIM+k/VtA7K4
QYbplX1AqieE3REwtYTnSsqvCCOhRANCAASFX0MLcFuTsKeFvsoAkSQrybgCOaHR
zkR2Iu4KveJx2ffxY8mnUtO8UcfDuwexud2iCqNsOBXTbOmRNtwnHdBg
-----END PRIVATE KEY-----
`,
};
